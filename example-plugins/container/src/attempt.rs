//! One run of a task: engine, image, container, outcome.

use std::sync::Arc;

use solti_plugin_abi::prelude::*;

use crate::command::RunCommand;
use crate::container::{Container, Named};
use crate::fault::Fault;
use crate::image;
use crate::leftovers::{OWNER_LABEL, PLUGIN_LABEL, RUN_LABEL};
use crate::shared::Shared;

/// How much of a run id goes into a container's name: engines limit names to 76 characters.
const NAME_OF_RUN: usize = 32;

/// A task: what all its attempts share.
pub(crate) struct Job {
    pub(crate) shared: Arc<Shared>,
    pub(crate) command: RunCommand,
    pub(crate) metrics: MetricsHandle,
}

impl Job {
    /// Runs one attempt.
    ///
    /// Dropping the future stops the container and removes it, in the background.
    pub(crate) async fn run(self: Arc<Self>, attempt: Attempt) -> Result<(), TaskError> {
        let started = tokio::select! {
            // Looked at first: an attempt that was cancelled before it began starts nothing.
            biased;
            () = attempt.cancelled() => return Err(TaskError::Canceled),
            started = self.start(&attempt) => started,
        };
        let mut container = started.map_err(|fault| self.failure(fault))?;
        let end = tokio::select! {
            biased;
            () = attempt.cancelled() => {
                container.remove().await;
                return Err(TaskError::Canceled);
            }
            end = container.end() => end,
        };
        container.remove().await;
        match &end {
            Ok(()) => attempt.set_outcome(AttemptOutcome::exited(0)),
            Err(Fault::Exit(code)) => attempt.set_outcome(AttemptOutcome::exited(*code)),
            Err(_) => {}
        }
        end.map_err(|fault| self.failure(fault))
    }

    /// Starts the container; once that is done, nothing waits any more.
    async fn start(&self, attempt: &Attempt) -> Result<Container, Fault> {
        let Shared { config, .. } = &*self.shared;
        let engine = self.shared.engine().await?;
        image::provide(&engine, self.command.image(), config.pull).await?;
        let run_id = attempt.id().as_str();
        let name = self.container_name(run_id, attempt.number());
        let owner = self.shared.owner_label();
        let labels = [
            PLUGIN_LABEL,
            (RUN_LABEL, run_id),
            (OWNER_LABEL, owner.as_str()),
        ];
        let command = self.command.for_container(&engine, config, &name, &labels);
        let run = engine.start(&command).await?;
        let [stdout, stderr] = [StreamKind::Stdout, StreamKind::Stderr].map(|stream| {
            attempt
                .lines(stream)
                .with_max_line_bytes(config.max_line_bytes())
        });
        let named = Named::new(engine, name);
        Ok(Container::new(
            named,
            run,
            stdout,
            stderr,
            config.stop_grace(),
        ))
    }

    /// A name that no other attempt on this machine has: the end of the run id, where its number
    /// is, the attempt, and the host's process.
    fn container_name(&self, run_id: &str, number: u32) -> String {
        let run: Vec<char> = run_id
            .chars()
            .map(|letter| {
                if letter.is_ascii_alphanumeric() {
                    letter
                } else {
                    '-'
                }
            })
            .collect();
        let run: String = run[run.len().saturating_sub(NAME_OF_RUN)..]
            .iter()
            .collect();
        format!("solti-{run}-{number}-{}", self.shared.owner_short())
    }

    /// A fault in the supervisor's terms; one of the runner's is counted.
    fn failure(&self, fault: Fault) -> TaskError {
        if let Some(kind) = fault.kind() {
            self.metrics
                .record_runner_error(RunnerType::Container, kind);
        }
        fault.into()
    }
}
