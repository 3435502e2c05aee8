//! From a spec to a task.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use solti_plugin_abi::prelude::*;
use solti_plugin_abi::{in_probe, runtime_handle};
use tracing::warn;

use crate::attempt::Job;
use crate::command::RunCommand;
use crate::config::Config;
use crate::shared::Shared;

/// Runs the tasks of kind `container`.
pub(crate) struct ContainerRunner(Arc<Shared>);

impl ContainerRunner {
    /// Makes the runner, and asks the engine that is there whether it works.
    ///
    /// # Errors
    ///
    /// The field of the configuration that is wrong, and why.
    pub(crate) fn new(config: Config) -> Result<Self, String> {
        let shared = Arc::new(Shared::new(config.checked()?)?);
        if shared.has_program() && !in_probe() {
            // In the background: an engine that hangs must not hold the host up.
            let shared = Arc::clone(&shared);
            runtime_handle().spawn(async move {
                if let Err(fault) = shared.engine().await {
                    warn!("the container engine cannot be used yet: {fault}");
                }
            });
        }
        Ok(Self(shared))
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
        let name = self.build_run_id(spec.slot().as_str()).into_name();
        let id = TaskId::from(name.as_str());
        let output = Arc::clone(ctx.output_registry());
        // Now rather than at the first attempt: a subscriber may come before it.
        output.ensure_channel(id.clone());
        let job = Arc::new(Job {
            shared: Arc::clone(&self.0),
            id,
            command,
            output,
            metrics: Arc::clone(ctx.metrics()),
        });
        let timeout = Duration::from_millis(spec.timeout().as_millis());
        let attempts = AtomicU32::new(0);
        Ok(TaskFn::arc(name, move |cancel| {
            let number = attempts.fetch_add(1, Ordering::Relaxed) + 1;
            let metrics = Arc::clone(&job.metrics);
            let record = AttemptRecord::begin(metrics, RunnerType::Container, timeout);
            Arc::clone(&job).run(number, record, cancel)
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
