//! From a spec to a task.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use solti_plugin_abi::prelude::*;

use crate::attempt::Job;
use crate::command::CommandLine;
use crate::config::Config;
use crate::turns::Turns;

/// Runs the tasks of kind `subprocess`.
pub(crate) struct SubprocessRunner {
    config: Config,
    turns: Turns,
}

impl SubprocessRunner {
    pub(crate) fn new(config: Config) -> Result<Self, Infallible> {
        let turns = Turns::new();
        Ok(Self { config, turns })
    }
}

impl Runner for SubprocessRunner {
    fn name(&self) -> &'static str {
        "subprocess"
    }

    fn supports(&self, spec: &TaskSpec) -> bool {
        matches!(spec.kind(), TaskKind::Subprocess(_))
    }

    fn build_task(&self, spec: &TaskSpec, ctx: &BuildContext) -> Result<TaskRef, RunnerError> {
        let TaskKind::Subprocess(subprocess) = spec.kind() else {
            return Err(RunnerError::UnsupportedKind {
                runner: self.name(),
                kind: spec.kind().kind().to_owned(),
            });
        };
        let metrics = Arc::clone(ctx.metrics());
        let command = CommandLine::new(subprocess, ctx.env()).inspect_err(|err| {
            if matches!(err, RunnerError::Io(_)) {
                metrics.record_runner_error(
                    RunnerType::Subprocess,
                    RunnerErrorKind::BackendConfigFailed,
                );
            }
        })?;

        let job = Arc::new(Job {
            command,
            fail_on_non_zero: subprocess.fail_on_non_zero.is_enabled(),
            timeout: Duration::from_millis(spec.timeout().as_millis()),
            config: self.config.clone(),
            turns: self.turns.clone(),
            metrics,
        });
        Ok(attempts(self, spec, ctx, move |attempt| {
            Arc::clone(&job).run(attempt)
        }))
    }
}

#[cfg(test)]
mod tests {
    use solti_plugin_abi::solti_model::{Flag, SubprocessMode, SubprocessSpec, TaskEnv, WasmSpec};

    use super::*;

    #[test]
    fn a_task_of_another_kind_is_refused_by_name() {
        let kind = TaskKind::Wasm(WasmSpec {
            module: "task.wasm".into(),
            args: Vec::new(),
            env: Default::default(),
        });
        let spec = TaskSpec::builder("slot", kind, 1_000_u64).build().unwrap();
        let runner = SubprocessRunner::new(Config::default()).unwrap();
        assert!(!runner.supports(&spec));
        let err = runner
            .build_task(&spec, &BuildContext::default())
            .err()
            .unwrap();
        assert_eq!(
            err.to_string(),
            "unsupported task kind for runner 'subprocess': wasm"
        );
    }
    #[tokio::test]
    async fn an_attempt_that_was_cancelled_before_it_began_starts_nothing() {
        let kind = TaskKind::Subprocess(SubprocessSpec {
            // It cannot be started, so the error tells whether that was tried.
            mode: SubprocessMode::Command {
                command: "/no/such/program".to_owned(),
                args: Vec::new(),
            },
            env: TaskEnv::default(),
            cwd: None,
            fail_on_non_zero: Flag::enabled(),
        });
        let spec = TaskSpec::builder("slot", kind, 1_000_u64).build().unwrap();
        let runner = SubprocessRunner::new(Config::default()).unwrap();
        let task = runner.build_task(&spec, &BuildContext::default()).unwrap();
        let cancel = CancellationToken::new();
        cancel.cancel();
        let end = task.spawn(cancel).await;
        assert!(matches!(end, Err(TaskError::Canceled)), "{end:?}");
    }
}
