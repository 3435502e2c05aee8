//! The end of all tasks, in order.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tracing::{info, warn};

use super::all::{DRAINS, STOPS, Tasks};
use crate::config::OnStop;
use crate::store::Ended;
use crate::time::now;

/// How often it is looked whether tasks have ended.
const LOOK: Duration = Duration::from_millis(10);

/// What core gets on top of the tasks' grace, to note what has happened.
const MARGIN: Duration = Duration::from_secs(2);

impl Tasks {
    /// Takes no more tasks.
    pub(crate) fn drain(&self) {
        let _ = self.stopping.fetch_max(DRAINS, Ordering::AcqRel);
    }

    /// Ends all tasks: those that end by themselves within `drain` do, the others are cancelled and get
    /// `grace`. How many were not waited for any longer.
    pub(crate) async fn stop(&self, drain: Duration, grace: Duration) -> usize {
        self.drain();
        self.until_idle(drain).await;
        if self.on_stop == OnStop::Requeue {
            self.requeue().await;
        }
        self.stopping.store(STOPS, Ordering::Release);
        let left = self.active();
        if left > 0 {
            info!("ending {left} tasks");
        }
        let stopped = self.core().api.shutdown_with_timeout(grace + MARGIN).await;
        if let Err(err) = stopped {
            warn!("the tasks have not ended in order: {err}");
        }
        // Their last words are on the way to the store.
        self.until_idle(MARGIN).await;
        self.give_up()
    }

    async fn until_idle(&self, most: Duration) {
        let until = Instant::now() + most;
        while self.active() > 0 && Instant::now() < until {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Notes that the next service runs these tasks again.
    async fn requeue(&self) {
        let seqs: Vec<_> = self.active.lock().values().map(|it| it.seq).collect();
        let records = seqs.into_iter().filter_map(|seq| {
            let mut record = self.store.at(seq).ok()??;
            record.requeued = true;
            Some((seq, record))
        });
        if let Err(err) = self.store.replace_all(records.collect()).await {
            warn!("that tasks are to be run again is not noted: {err}");
        }
    }

    /// Notes the ends of tasks whose runners have not let go of them.
    fn give_up(&self) -> usize {
        let left: Vec<_> = self.active.lock().drain().collect();
        let count = left.len();
        for (name, active) in left {
            warn!(task = %name, "it did not end in time and is not waited for any longer");
            if self.on_stop == OnStop::Requeue && active.ended.is_none() {
                continue;
            }
            // Only its output could not be kept.
            if let Some((ended, runs)) = active.ended {
                let _ = self.store.end(active.seq, ended, runs);
                continue;
            }
            let ended = Ended {
                at: now(),
                phase: "canceled".to_owned(),
                exit_code: None,
                error: Some("the service was stopped, and the task did not end in time".to_owned()),
                plugins: active.plugins().to_vec(),
                generation: 1,
                uid: format!("abandoned-{}", active.seq),
            };
            // The store says itself what it cannot keep.
            let runs = active.runs_at_end(&ended);
            let _ = self.store.end(active.seq, ended, runs);
        }
        count
    }
}
