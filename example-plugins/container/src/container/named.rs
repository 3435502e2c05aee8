//! A container as the engine knows it: by its name.

use std::sync::Arc;
use std::time::Duration;

use tracing::warn;

use crate::engine::Engine;
use crate::fault::Fault;

/// A container that may or may not be there.
#[derive(Clone)]
pub(crate) struct Named {
    engine: Arc<Engine>,
    name: String,
}

impl Named {
    pub(crate) fn new(engine: Arc<Engine>, name: String) -> Self {
        Self { engine, name }
    }

    /// Whether its command has been started; `None` when there is no such container.
    pub(crate) async fn was_started(&self) -> Option<bool> {
        let state = self.inspect("{{.State.Status}}").await?;
        Some(state != "created")
    }

    /// The value of a label; `None` when there is no such container.
    pub(crate) async fn label(&self, key: &str) -> Option<String> {
        self.inspect(&format!("{{{{index .Config.Labels {key:?}}}}}"))
            .await
    }

    async fn inspect(&self, format: &str) -> Option<String> {
        let args = [
            "inspect",
            "--type",
            "container",
            "--format",
            format,
            &self.name,
        ];
        let answer = self.engine.call(&args).await.ok()?;
        Some(answer.trim().to_owned())
    }

    /// Asks it to end, and kills it when `grace` is over.
    ///
    /// # Errors
    ///
    /// Those of [`Engine::call`]; one when it is not there.
    pub(crate) async fn stop(&self, grace: Duration) -> Result<(), Fault> {
        let seconds = grace.as_secs().to_string();
        let args = ["stop", "-t", &seconds, &self.name];
        self.engine.call_taking(grace, &args).await.map(drop)
    }

    /// Kills it.
    ///
    /// # Errors
    ///
    /// Those of [`Engine::call`]; one when it does not run.
    pub(crate) async fn kill(&self) -> Result<(), Fault> {
        self.engine.call(&["kill", &self.name]).await.map(drop)
    }

    /// Removes it with its volumes, if it is there. A failure can only be reported to the operator.
    pub(crate) async fn remove(&self) {
        let removed = self
            .engine
            .call(&["rm", "--force", "--volumes", &self.name])
            .await;
        match removed {
            Ok(_) => {}
            // Some engines call that a failure.
            Err(Fault::Refused { message, .. })
                if message.to_ascii_lowercase().contains("no such container") => {}
            Err(fault) => {
                warn!(container = %self.name, "a container could not be removed: {fault}")
            }
        }
    }
}
