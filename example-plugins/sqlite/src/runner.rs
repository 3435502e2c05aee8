//! From a spec to a task.

use std::sync::Arc;
use std::time::Duration;

use solti_plugin_abi::prelude::*;
use solti_plugin_abi::solti_model::{Runtime, SubprocessMode};

use crate::attempt::Job;
use crate::config::Config;
use crate::pool::Pool;
use crate::script::Script;
use crate::spec::{Place, SqliteScript};

/// The kind of its own that the runner takes.
const KIND: &str = "example.com/v1/SqliteScript";

/// The command or the runtime that it takes instead, where a task selects its runner by labels.
const COMMAND: &str = "sqlite";

/// Runs scripts, whether they come as a kind of their own, as a command or as a script.
pub(crate) struct SqliteRunner {
    config: Config,
    pool: Arc<Pool>,
}

impl SqliteRunner {
    /// Makes the runner; nothing is opened before there is a task.
    ///
    /// # Errors
    ///
    /// The field of the configuration that is wrong, and why.
    pub(crate) fn new(config: Config) -> Result<Self, String> {
        let config = config.checked()?;
        let pool = Arc::new(Pool::new(config.clone()));
        Ok(Self { config, pool })
    }

    fn build(
        &self,
        spec: Result<SqliteScript, WrongSpec>,
        place: Place,
        (slot, timeout): (&str, Duration),
        ctx: &BuildContext,
    ) -> Result<TaskRef, RunnerError> {
        let script = spec.and_then(|spec| Script::new(spec, place, &self.config));
        let job = Arc::new(Job {
            script: script.map_err(|wrong| wrong.refusal(ctx))?,
            pool: Arc::clone(&self.pool),
        });
        let runner_type = RunnerType::custom("sqlite");
        Ok(attempts_of(
            self,
            slot,
            runner_type,
            timeout,
            ctx,
            move |attempt| Arc::clone(&job).run(attempt),
        ))
    }
}

impl Runner for SqliteRunner {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    /// Takes the command only of a task that selects its runner: a program of that name, which others
    /// mean, is left to the runner of programs.
    fn supports(&self, spec: &TaskSpec) -> bool {
        spec.runner_selector().is_some() && mode(spec).is_some()
    }

    fn build_task(&self, spec: &TaskSpec, ctx: &BuildContext) -> Result<TaskRef, RunnerError> {
        let mode = mode(spec).ok_or_else(|| RunnerError::UnsupportedKind {
            runner: self.name(),
            kind: spec.kind().kind().to_owned(),
        })?;
        let (place, read) = match mode {
            SubprocessMode::Command { args, .. } => {
                (Place::Command, SqliteScript::of_command(args))
            }
            SubprocessMode::Script { body, args, .. } => {
                (Place::Script, SqliteScript::of_script(body, args))
            }
        };
        let timeout = Duration::from_millis(spec.timeout().as_millis());
        self.build(read, place, (spec.slot().as_str(), timeout), ctx)
    }

    fn build_workload(
        &self,
        workload: &Workload,
        ctx: &BuildContext,
    ) -> Result<TaskRef, RunnerError> {
        if workload.kind != KIND {
            return Err(RunnerError::UnsupportedKind {
                runner: self.name(),
                kind: workload.kind.clone(),
            });
        }
        let read = SqliteScript::of_workload(&workload.spec);
        let timeout = Duration::from_millis(workload.timeout.as_millis());
        self.build(
            read,
            Place::Workload,
            (workload.slot.as_str(), timeout),
            ctx,
        )
    }
}

/// What a spec runs, if it is meant for this runner.
fn mode(spec: &TaskSpec) -> Option<&SubprocessMode> {
    let TaskKind::Subprocess(subprocess) = spec.kind() else {
        return None;
    };
    let named = match &subprocess.mode {
        SubprocessMode::Command { command, .. } => command,
        SubprocessMode::Script {
            runtime: Runtime::Custom { command, .. },
            ..
        } => command,
        SubprocessMode::Script { .. } => return None,
    };
    (named == COMMAND).then_some(&subprocess.mode)
}
