//! Removing the containers of hosts that are gone.

use std::sync::Arc;

use tracing::info;

use crate::container::Named;
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
///
/// # Errors
///
/// When the engine does not tell which containers there are: those of [`Engine::call`].
pub(crate) async fn remove(engine: &Arc<Engine>, here: &Owner) -> Result<(), Fault> {
    let ours = ours(engine).await?;
    for id in ours.split_whitespace() {
        let container = Named::new(Arc::clone(engine), id.to_owned());
        // A container without the label, or of a host that cannot be judged, is left alone; so is
        // one that has gone away in the meantime.
        let Some(owner) = container.label(OWNER_LABEL).await else {
            continue;
        };
        if owner.parse().is_ok_and(|owner: Owner| owner.is_gone(here)) {
            info!(
                container = id,
                "removing a container that a host left behind when it was killed"
            );
            // Without it the removal would give the container time to end. Most do not run, and
            // then it fails.
            let _ = container.kill().await;
            container.remove().await;
        }
    }
    Ok(())
}

/// The ids of all containers with our label.
async fn ours(engine: &Engine) -> Result<String, Fault> {
    let (key, value) = PLUGIN_LABEL;
    let filter = format!("label={key}={value}");
    engine
        .call(&["ps", "--all", "--quiet", "--filter", &filter])
        .await
}
