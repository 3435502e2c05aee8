//! From a spec to a task.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use solti_plugin_abi::environment::merged;
use solti_plugin_abi::prelude::*;
use solti_plugin_abi::solti_model::{SubprocessMode, SubprocessSpec, TaskEnv};

use crate::config::Config;
use crate::job::Job;
use crate::request::Request;
use crate::spec::{HttpCheck, Place};

/// The kind of its own that the runner takes.
const KIND: &str = "example.com/v1/HttpCheck";

/// The command that it takes instead, where a task selects its runner by labels.
const COMMAND: &str = "http";

/// Runs checks, whether they come as a kind of their own or as a command.
pub(crate) struct HttpRunner {
    config: Config,
}

impl HttpRunner {
    /// Makes the runner; nothing is read before there is a task.
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
        check: HttpCheck,
        place: Place,
        env: &BTreeMap<String, String>,
        (slot, timeout): (&str, Duration),
        ctx: &BuildContext,
    ) -> Result<TaskRef, RunnerError> {
        let request = Request::new(check, place, env, &self.config);
        let job = Arc::new(Job {
            request: request.map_err(|wrong| wrong.refusal(ctx))?,
            config: self.config.clone(),
            metrics: Arc::clone(ctx.metrics()),
        });
        let runner_type = RunnerType::custom("http");
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

impl Runner for HttpRunner {
    fn name(&self) -> &'static str {
        "httpcheck"
    }

    /// Takes the command only of a task that selects its runner: a program of that name, which others
    /// mean, is left to the runner of programs.
    fn supports(&self, spec: &TaskSpec) -> bool {
        spec.runner_selector().is_some() && command(spec).is_some()
    }

    fn build_task(&self, spec: &TaskSpec, ctx: &BuildContext) -> Result<TaskRef, RunnerError> {
        let (subprocess, args) = command(spec).ok_or_else(|| RunnerError::UnsupportedKind {
            runner: self.name(),
            kind: spec.kind().kind().to_owned(),
        })?;
        let check = HttpCheck::of_command(args).map_err(|wrong| wrong.refusal(ctx))?;
        let env = merged(&subprocess.env, ctx.env())?;
        let timeout = Duration::from_millis(spec.timeout().as_millis());
        let task = (spec.slot().as_str(), timeout);
        self.build(check, Place::Command, &env, task, ctx)
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
        let check = HttpCheck::of_workload(&workload.spec).map_err(|wrong| wrong.refusal(ctx))?;
        let env = merged(&TaskEnv::default(), ctx.env())?;
        let timeout = Duration::from_millis(workload.timeout.as_millis());
        let task = (workload.slot.as_str(), timeout);
        self.build(check, Place::Workload, &env, task, ctx)
    }
}

/// The command `http` of a spec and its arguments, if that is what it has.
fn command(spec: &TaskSpec) -> Option<(&SubprocessSpec, &[String])> {
    let TaskKind::Subprocess(subprocess) = spec.kind() else {
        return None;
    };
    match &subprocess.mode {
        SubprocessMode::Command { command, args } if command == COMMAND => Some((subprocess, args)),
        _ => None,
    }
}
