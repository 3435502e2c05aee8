//! Removing the containers of hosts that are gone.

use std::sync::Arc;

use tracing::{info, warn};

use crate::engine::Engine;
use crate::fault::Fault;
use crate::owner::Owner;

/// The label of all our containers.
pub(crate) const PLUGIN_LABEL: (&str, &str) = ("solti.plugin", "container");
/// The label with the run id.
pub(crate) const RUN_LABEL: &str = "solti.run";
/// The label with the [`Owner`].
pub(crate) const OWNER_LABEL: &str = "solti.host";

/// Removes every container of ours whose host is surely gone.
pub(crate) async fn remove(engine: Arc<Engine>, here: Owner) {
    match abandoned(&engine, &here).await {
        Ok(containers) => {
            for container in containers {
                // Removal alone would give one that still runs some time to end. Most do not run.
                let _ = engine.call(&["kill", &container]).await;
                match engine.call(&["rm", "--force", "--volumes", &container]).await {
                    Ok(_) => info!(%container, "removed what a host that is gone has left behind"),
                    Err(fault) => warn!(%container, "could not be removed: {fault}"),
                }
            }
        }
        Err(fault) => warn!("containers of earlier hosts could not be looked for: {fault}"),
    }
}

async fn abandoned(engine: &Engine, here: &Owner) -> Result<Vec<String>, Fault> {
    let (key, value) = PLUGIN_LABEL;
    let filter = format!("label={key}={value}");
    let ours = engine
        .call(&["ps", "--all", "--quiet", "--filter", &filter])
        .await?;
    let format = format!("{{{{index .Config.Labels {OWNER_LABEL:?}}}}}");
    let mut abandoned = Vec::new();
    // One by one: a container that goes away in the meantime fails its own call only.
    for container in ours.split_whitespace() {
        let inspect = ["inspect", "--type", "container", "--format", &format, container];
        let Ok(label) = engine.call(&inspect).await else {
            continue;
        };
        if let Ok(owner) = label.trim().parse::<Owner>()
            && owner.is_gone(here)
        {
            abandoned.push(container.to_owned());
        }
    }
    Ok(abandoned)
}
