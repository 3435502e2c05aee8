//! The task that is submitted to the supervisor.

use std::sync::Arc;
use std::time::Instant;

use solti_model::TaskSpec;
use taskvisor::{BoxTaskFuture, RestartPolicy, Task};
use tokio_util::sync::CancellationToken;

use super::attempt::{Attempt, fatal};
use super::record::TaskRecord;
use super::supervision::{Supervision, TaskReport, TaskRun};
use crate::outcome::Outcome;

/// A task named after its slot, which has its runner build it and reports when it is over.
pub(crate) struct SupervisedTask {
    record: Arc<TaskRecord>,
}

impl SupervisedTask {
    /// The task `number` of a run; `restart` is its policy.
    pub(crate) fn new(
        number: usize,
        spec: TaskSpec,
        restart: RestartPolicy,
        shared: Arc<Supervision>,
    ) -> Self {
        Self {
            record: Arc::new(TaskRecord::new(number, spec, restart, shared)),
        }
    }
}

impl Task for SupervisedTask {
    fn name(&self) -> &str {
        self.record.spec.slot().as_str()
    }

    fn spawn(&self, ctx: CancellationToken) -> BoxTaskFuture {
        let record = &self.record;
        if record.shared.stop.is_cancelled() {
            // The supervisor goes on with the next task of a slot while it stops.
            return Box::pin(async { Err(fatal("interrupted")) });
        }
        {
            let mut progress = record.progress.lock();
            progress.started.get_or_insert_with(Instant::now);
            progress.token = Some(ctx.clone());
        }
        // A runner may take its time to build: it may compile a module, say. The timeout of the
        // attempt begins when this returns.
        match tokio::task::block_in_place(|| record.build()) {
            Ok(built) => Box::pin(Attempt::begin(Arc::clone(record), &built.task, ctx).drive()),
            Err(err) => {
                let reason = err.to_string();
                record.progress.lock().last = Some(Outcome::failed(&reason));
                Box::pin(async { Err(fatal(reason)) })
            }
        }
    }
}

impl Drop for SupervisedTask {
    fn drop(&mut self) {
        let record = &self.record;
        let source = record.source().map(Arc::clone);
        if let Some(source) = &source {
            record.shared.registry.evict(&source.id);
        }
        let progress = record.progress.lock();
        let run = progress.started.map(|started| TaskRun {
            found_no_runner: record.found_no_runner(),
            outcome: record.outcome(&progress),
            told: progress.told.clone(),
            attempts: progress.attempts,
            duration: progress.ended.unwrap_or_else(Instant::now) - started,
            source,
        });
        let number = record.number;
        // Nobody listens only when the run has been abandoned.
        record.shared.reports.send(TaskReport { number, run }).ok();
    }
}
