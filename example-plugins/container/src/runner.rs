//! From a spec to a task.

use std::sync::Arc;

use solti_plugin_abi::Building;
use solti_plugin_abi::prelude::*;
use tracing::debug;

use crate::attempt::Job;
use crate::command::RunCommand;
use crate::config::{Config, Pull};
use crate::image;
use crate::shared::Shared;

/// Runs the tasks of kind `container`.
pub(crate) struct ContainerRunner(Arc<Shared>);

impl ContainerRunner {
    /// Makes the runner. The engine is asked nothing before there is a task for it.
    ///
    /// # Errors
    ///
    /// The field of the configuration that is wrong, and why.
    pub(crate) fn new(config: Config) -> Result<Self, String> {
        Shared::new(config.checked()?).map(|shared| Self(Arc::new(shared)))
    }
}

impl ContainerRunner {
    /// Gets an image ahead of the first attempt that needs it, which tells what is wrong if it is.
    async fn prepare(&self, image: &str) {
        let provided = match self.0.engine().await {
            Ok(engine) => image::provide(&engine, image, self.0.config.pull).await,
            Err(fault) => Err(fault),
        };
        if let Err(fault) = provided {
            debug!("the image {image} could not be got ahead of its task: {fault}");
        }
    }
}

impl Runner for ContainerRunner {
    fn name(&self) -> &'static str {
        "container"
    }

    fn supports(&self, spec: &TaskSpec) -> bool {
        matches!(spec.kind(), TaskKind::Container(_))
    }

    fn build_task(&self, spec: &TaskSpec, ctx: &BuildContext) -> Result<TaskRef, RunnerError> {
        let TaskKind::Container(container) = spec.kind() else {
            return Err(RunnerError::UnsupportedKind {
                runner: self.name(),
                kind: spec.kind().kind().to_owned(),
            });
        };
        let command = RunCommand::new(container, ctx.env())?;
        let job = Arc::new(Job {
            shared: Arc::clone(&self.0),
            command,
            metrics: Arc::clone(ctx.metrics()),
        });
        Ok(attempts(self, spec, ctx, move |attempt| {
            Arc::clone(&job).run(attempt)
        }))
    }

    /// Builds as `build_task` does, and gets the image meanwhile where it is missing, so that the first
    /// attempt has its whole time for the container. Dropping the future ends the pull.
    fn build_async<'a>(
        &'a self,
        spec: &'a TaskSpec,
        ctx: &'a BuildContext,
    ) -> Option<Building<'a>> {
        Some(Box::pin(async move {
            let task = self.build_task(spec, ctx)?;
            if let TaskKind::Container(container) = spec.kind()
                && self.0.config.pull == Pull::Missing
            {
                self.prepare(&container.image).await;
            }
            Ok(task)
        }))
    }
}

#[cfg(test)]
mod tests {
    use solti_plugin_abi::solti_model::{ContainerSpec, WasmSpec};

    use super::*;

    #[test]
    fn a_task_of_another_kind_is_refused_by_name() {
        let kind = TaskKind::Wasm(WasmSpec {
            module: "task.wasm".into(),
            args: Vec::new(),
            env: Default::default(),
        });
        let spec = TaskSpec::builder("slot", kind, 1_000_u64).build().unwrap();
        let runner = ContainerRunner::new(Config::default()).unwrap();
        assert!(!runner.supports(&spec));
        let err = runner
            .build_task(&spec, &BuildContext::default())
            .err()
            .unwrap();
        assert_eq!(
            err.to_string(),
            "unsupported task kind for runner 'container': wasm"
        );
    }

    #[tokio::test]
    async fn an_attempt_that_was_cancelled_before_it_began_asks_no_engine() {
        let kind = TaskKind::Container(ContainerSpec {
            image: "image".to_owned(),
            command: None,
            args: Vec::new(),
            env: Default::default(),
        });
        let spec = TaskSpec::builder("slot", kind, 1_000_u64).build().unwrap();
        // It is no engine, so the error tells whether it was asked.
        let config = serde_json::from_str(r#"{"engine":"false"}"#).unwrap();
        let runner = ContainerRunner::new(config).unwrap();
        let task = runner.build_task(&spec, &BuildContext::default()).unwrap();
        let cancel = CancellationToken::new();
        cancel.cancel();
        let end = task.spawn(cancel).await;
        assert!(matches!(end, Err(TaskError::Canceled)), "{end:?}");
    }
}
