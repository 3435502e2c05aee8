//! One run of a task: its time, its outcome, its counters.

use std::sync::Arc;

use solti_plugin_abi::instruments::{Counter, Gauge, Histogram};
use solti_plugin_abi::prelude::*;

use crate::exchange::{class, exchange};
use crate::fault::Fault;
use crate::job::Job;
use crate::progress::Progress;

static REQUESTS: Counter = Counter::new("http_requests_total");
static SECONDS: Histogram = Histogram::new("http_request_seconds");
static LAST_SECONDS: Gauge = Gauge::new("http_last_request_seconds");

impl Job {
    /// Runs one attempt. Dropping the future ends its connection.
    pub(crate) async fn run(self: Arc<Self>, attempt: Attempt) -> Result<(), TaskError> {
        let mut progress = Progress::begin();
        let end = tokio::select! {
            // Looked at first: an attempt that was cancelled before it began asks nobody.
            biased;
            () = attempt.cancelled() => return Err(TaskError::Canceled),
            end = self.in_time(&attempt, &mut progress) => end,
        };
        let seconds = progress.took().as_secs_f64();
        REQUESTS.add(1.0, &[("class", class(progress.status))]);
        SECONDS.observe(seconds, &[]);
        LAST_SECONDS.set(seconds, &[]);
        attempt.set_outcome(progress.outcome());
        end.map_err(|fault| {
            if matches!(fault, Fault::NoRoots { .. }) {
                self.metrics.record_runner_error(
                    RunnerType::custom("http"),
                    RunnerErrorKind::BackendConfigFailed,
                );
            }
            fault.into()
        })
    }

    async fn in_time(&self, attempt: &Attempt, progress: &mut Progress) -> Result<(), Fault> {
        let within = self.request.max_time;
        match tokio::time::timeout(within, exchange(self, attempt, progress)).await {
            Ok(end) => end,
            Err(_) => Err(Fault::TooSlow {
                within,
                step: progress.step,
            }),
        }
    }
}
