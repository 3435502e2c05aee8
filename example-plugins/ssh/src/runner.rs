//! From a spec to a task.

use std::sync::Arc;
use std::time::Duration;

use solti_plugin_abi::environment::merged;
use solti_plugin_abi::prelude::*;
use solti_plugin_abi::solti_model::{SubprocessMode, SubprocessSpec, TaskEnv};

use crate::config::Config;
use crate::environment::Variables;
use crate::job::Job;
use crate::spec::{Place, SshCommand};

/// The kind of its own that the runner takes.
const KIND: &str = "example.com/v1/Ssh";

/// The command that it takes instead, where a task selects its runner by labels.
const COMMAND: &str = "ssh";

/// Runs commands on other machines, whether they come as a kind of their own or as a command.
pub(crate) struct SshRunner {
    config: Config,
}

impl SshRunner {
    /// Makes the runner; nothing is started before there is a task.
    ///
    /// # Errors
    ///
    /// The field of the configuration that is wrong, and why.
    pub(crate) fn new(config: Config) -> Result<Self, String> {
        Ok(Self {
            config: config.checked()?,
        })
    }

    fn build(
        &self,
        (spec, place): (SshCommand, Place),
        env: (Variables, &Variables),
        (slot, timeout): (&str, Duration),
        ctx: &BuildContext,
    ) -> Result<TaskRef, RunnerError> {
        let metrics = Arc::clone(ctx.metrics());
        let job = Job::new(spec, place, env, &self.config, metrics);
        let job = Arc::new(job.map_err(|wrong| wrong.refusal(ctx))?);
        let runner_type = RunnerType::custom("ssh");
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

impl Runner for SshRunner {
    fn name(&self) -> &'static str {
        "ssh"
    }

    /// Takes the command only of a task that selects its runner: the program of that name, which others
    /// mean, is left to the runner of programs.
    fn supports(&self, spec: &TaskSpec) -> bool {
        spec.runner_selector().is_some() && command(spec).is_some()
    }

    fn build_task(&self, spec: &TaskSpec, ctx: &BuildContext) -> Result<TaskRef, RunnerError> {
        let (subprocess, args) = command(spec).ok_or_else(|| RunnerError::UnsupportedKind {
            runner: self.name(),
            kind: spec.kind().kind().to_owned(),
        })?;
        let mut read = SshCommand::of_command(args).map_err(|wrong| wrong.refusal(ctx))?;
        read.fail_on_non_zero = subprocess.fail_on_non_zero.is_enabled();
        let by_kind = merged(&subprocess.env, &RunnerEnv::default())?;
        let here = merged(&subprocess.env, ctx.env())?;
        let timeout = Duration::from_millis(spec.timeout().as_millis());
        let task = (spec.slot().as_str(), timeout);
        self.build((read, Place::Command), (by_kind, &here), task, ctx)
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
        let read = SshCommand::of_workload(&workload.spec).map_err(|wrong| wrong.refusal(ctx))?;
        let here = merged(&TaskEnv::default(), ctx.env())?;
        let timeout = Duration::from_millis(workload.timeout.as_millis());
        let task = (workload.slot.as_str(), timeout);
        self.build(
            (read, Place::Workload),
            (Variables::new(), &here),
            task,
            ctx,
        )
    }
}

/// The command `ssh` of a spec and its arguments, if that is what it has.
fn command(spec: &TaskSpec) -> Option<(&SubprocessSpec, &[String])> {
    let TaskKind::Subprocess(subprocess) = spec.kind() else {
        return None;
    };
    match &subprocess.mode {
        SubprocessMode::Command { command, args } if command == COMMAND => Some((subprocess, args)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
