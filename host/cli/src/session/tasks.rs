//! Every task of a run, from its submission to its row.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use solti_model::Slot;
use solti_plugin_host::report::Warning;
use solti_plugin_host::supervise::{Outcome, Submission, Supervisor};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::host::Host;
use super::report;
use super::screen::Notes;
use super::summary::Row;
use super::watch::Ended;
use crate::ended;
use crate::present::{message, phrase};
use crate::shutdown::WORTH_A_WORD;
use solti_plugin_host::specs::{PlacedSpec, SpecResult};

/// Tasks that are named where a run waits for many.
const MOST_NAMED: usize = 3;

/// The tasks of a run.
pub(super) struct Tasks<'a> {
    pub(super) supervisor: Supervisor,
    pub(super) ends: mpsc::UnboundedReceiver<Ended>,
    pub(super) notes: Notes,
    /// What tasks get to end.
    pub(super) grace: Duration,
    pub(super) host: &'a Host<'a>,
    /// Cancelled when the whole run is to end.
    pub(super) stop: CancellationToken,
    /// Whether nothing is said of what goes well.
    pub(super) quiet: bool,
    /// In the order of submission, which is that of their numbers.
    pub(super) entries: Vec<Entry>,
    /// Entries without a row.
    pub(super) live: usize,
}

/// One task.
pub(super) struct Entry {
    place: String,
    /// There once the task is over.
    row: Option<Arc<Row>>,
}

impl Tasks<'_> {
    /// Runs `tasks`, the first with this standard input, and those that arrive, until all are over or the
    /// run is stopped.
    ///
    /// Returns a row for each task, in the order of submission. What is wrong with specs that arrive
    /// is printed and added to `problems`.
    pub(super) async fn run(
        mut self,
        tasks: Vec<PlacedSpec>,
        mut stdin: Option<OwnedFd>,
        mut arriving: Option<mpsc::Receiver<SpecResult>>,
        problems: &mut Vec<String>,
    ) -> Vec<Arc<Row>> {
        for task in &tasks {
            self.notes.reserve(task.spec.slot());
        }
        for task in tasks {
            self.submit(task, stdin.take());
        }
        let stop = self.stop.clone();
        let closed = self.notes.closed().clone();
        while self.live > 0 || arriving.is_some() {
            tokio::select! {
                () = stop.cancelled() => break,
                () = closed.cancelled() => stop.cancel(),
                Some(ended) = self.ends.recv() => self.over(ended).await,
                spec = arrival(&mut arriving) => match spec {
                    Some(Ok(task)) => {
                        self.notes.reserve(task.spec.slot());
                        self.submit(task, None);
                    }
                    Some(Err(err)) => {
                        message::error(err.to_string());
                        problems.push(err.to_string());
                    }
                    None => arriving = None,
                },
            }
        }
        // What still runs ends now, or is abandoned.
        if ended::by_plugin() {
            self.supervisor.stop_within(ended::AT_ONCE).await;
        } else {
            self.stop_all().await;
        }
        while let Ok(ended) = self.ends.try_recv() {
            self.over(ended).await;
        }
        let rows = self.entries.into_iter().filter_map(|entry| entry.row);
        rows.collect()
    }

    /// Ends what still runs, with a word on what is waited for.
    async fn stop_all(&self) {
        let mut stopping = std::pin::pin!(self.supervisor.stop());
        if timeout(WORTH_A_WORD, &mut stopping).await.is_ok() {
            return;
        }
        let running = self.entries.iter().filter(|entry| entry.row.is_none());
        let places: Vec<_> = running.map(|entry| entry.place.as_str()).collect();
        let named = places[..places.len().min(MOST_NAMED)].join(", ");
        let others = phrase::and_others(places.len().saturating_sub(MOST_NAMED));
        message::last_warning(Warning::new(
            "waiting_for_tasks",
            format!(
                "waiting for {} to end, {} at most: {named}{others}",
                phrase::counted(places.len() as u64, "task"),
                phrase::duration(self.grace),
            ),
        ));
        stopping.await;
    }

    fn submit(&mut self, PlacedSpec { place, spec, .. }: PlacedSpec, stdin: Option<OwnedFd>) {
        let mut submission = Submission::from(spec);
        if let Some(stdin) = stdin {
            submission = submission.with_stdin(stdin);
        }
        self.live += 1;
        self.entries.push(Entry { place, row: None });
        self.supervisor.submit(submission);
    }

    /// Records the end of a task, and shows it where no event of the task has.
    async fn over(&mut self, (end, source): Ended) {
        let slot = end.submission.slot().clone();
        let outcome = match end.outcome {
            Outcome::NoRunner { .. } => Outcome::failed(self.host.why_no_runner(&end.submission)),
            outcome => outcome,
        };
        let failed = outcome != Outcome::Succeeded;
        let note = outcome.to_string();
        let number = usize::try_from(end.number.get()).expect("each has an entry in memory");
        let entry = &mut self.entries[number];
        self.live -= 1;
        let was_shown = source.is_some();
        let row = Arc::new(Row {
            place: std::mem::take(&mut entry.place),
            slot: slot.clone(),
            outcome,
            attempts: end.attempts,
            duration: end.duration,
            task: end.id,
            lines: source
                .as_ref()
                .map(|source| Arc::clone(&source.lines))
                .unwrap_or_default(),
            exit_code: end.exit_code,
            told: end.told,
        });
        entry.row = Some(Arc::clone(&row));
        if self.notes.has_events() {
            self.notes
                .show_end(source, move || report::task_finished(&row).ok());
        } else if !was_shown || self.quiet && failed {
            self.show(&slot, &note).await;
        }
    }

    async fn show(&self, slot: &Slot, note: &str) {
        tokio::select! {
            biased;
            () = self.notes.show(slot, note) => {}
            // A reader that takes nothing must not keep the run from ending.
            () = self.stop.cancelled() => {}
        }
    }
}

/// The next spec to arrive; never, when none is expected.
async fn arrival(arriving: &mut Option<mpsc::Receiver<SpecResult>>) -> Option<SpecResult> {
    match arriving {
        Some(arriving) => arriving.recv().await,
        None => std::future::pending().await,
    }
}
