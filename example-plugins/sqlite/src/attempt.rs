//! One run of a task: waiting for its turn, a thread, its end by force.

use std::sync::Arc;
use std::time::Instant;

use solti_plugin_abi::instruments::{Counter, Histogram};
use solti_plugin_abi::prelude::*;

use crate::execute::{Counts, Execution};
use crate::fault::Fault;
use crate::pool::Pool;
use crate::script::Script;
use crate::stop::{Stop, StopOnDrop};

static STATEMENTS: Counter = Counter::new("sqlite_statements_total");
static ROWS: Counter = Counter::new("sqlite_rows_total");
static SECONDS: Histogram = Histogram::new("sqlite_script_seconds");

/// A task: what all its attempts share.
pub(crate) struct Job {
    pub(crate) script: Script,
    pub(crate) pool: Arc<Pool>,
}

impl Job {
    /// Runs one attempt. Dropping the future interrupts the statement that runs; its thread ends soon.
    pub(crate) async fn run(self: Arc<Self>, attempt: Attempt) -> Result<(), TaskError> {
        let stop = Arc::new(Stop::default());
        let _guard = StopOnDrop(Arc::clone(&stop));
        let turn = tokio::select! {
            // Looked at first: an attempt that was cancelled before it began opens nothing.
            biased;
            () = attempt.cancelled() => return Err(TaskError::Canceled),
            turn = self.pool.turn() => turn,
        };
        let (job, asked, of_thread) = (Arc::clone(&self), Arc::clone(&stop), attempt.clone());
        // SQLite waits for the disk and for others: not on a thread that others need.
        let mut thread = tokio::task::spawn_blocking(move || {
            let end = job.work(&of_thread, &asked);
            drop(turn);
            end
        });
        let end = tokio::select! {
            biased;
            () = attempt.cancelled() => {
                stop.ask();
                // What it had begun is rolled back before the attempt is over.
                let _ = thread.await;
                return Err(TaskError::Canceled);
            }
            end = &mut thread => end,
        };
        end.map_err(Fault::from).flatten().map_err(TaskError::from)
    }

    /// Runs the script. Blocks.
    fn work(&self, attempt: &Attempt, stop: &Arc<Stop>) -> Result<(), Fault> {
        if stop.is_asked() {
            return Err(Fault::Stopped);
        }
        let began = Instant::now();
        stop.at(self
            .script
            .timeout
            .and_then(|timeout| began.checked_add(timeout)));
        let opened = self.pool.take(&self.script.database)?;
        opened.watch.set(Some(Arc::clone(stop)));
        stop.runs(Some(opened.connection.get_interrupt_handle()));
        let mut counts = Counts::default();
        let execution = Execution {
            script: &self.script,
            opened: &opened,
            attempt,
            stop,
            counts: &mut counts,
            at: 0,
        };
        let end = execution.run();
        // From here on the connection is not this script's any more.
        stop.runs(None);
        opened.watch.set(None);
        if end.is_ok() {
            self.pool.give_back(&self.script.database, opened);
        }
        STATEMENTS.add(counts.statements as f64, &[]);
        ROWS.add(counts.rows as f64, &[]);
        SECONDS.observe(began.elapsed().as_secs_f64(), &[]);
        attempt.set_outcome(
            AttemptOutcome::default()
                .with_detail("statements", counts.statements)
                .with_detail("rows", counts.rows)
                .with_detail("changes", counts.changes),
        );
        end
    }
}
