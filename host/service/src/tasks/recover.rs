//! What an interruption makes of tasks.

use solti_api::ApiHandler as _;
use solti_model_published::TaskManifest;
use tracing::{info, warn};

use super::Tasks;
use crate::config::OnInterrupt;
use crate::store::{Ended, Interruption, Record, Seq, StoreError};
use crate::time::now;

/// What became of tasks that another service had left.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Recovered {
    /// Run again.
    pub(crate) rerun: usize,
    /// Failed.
    pub(crate) failed: usize,
}

impl Tasks {
    /// Treats the tasks that had not ended when the last service did.
    pub(crate) async fn recover(&self) -> Result<Recovered, StoreError> {
        let mut recovered = Recovered::default();
        for (seq, record) in self.store.open_tasks()? {
            if self.recover_one(seq, record).await? {
                recovered.rerun += 1;
            } else {
                recovered.failed += 1;
            }
        }
        if recovered.rerun + recovered.failed > 0 {
            info!(
                rerun = recovered.rerun,
                failed = recovered.failed,
                "tasks that the last service had not ended"
            );
        }
        Ok(recovered)
    }

    /// Treats one; whether it runs again.
    async fn recover_one(&self, seq: Seq, mut record: Record) -> Result<bool, StoreError> {
        let then = match record.on_interrupt {
            _ if record.requeued => "requeue",
            how => how.as_str(),
        };
        let again = record.requeued || record.on_interrupt == OnInterrupt::Rerun;
        for run in &mut record.runs {
            if run.finished.is_none() {
                run.finished = Some(now());
                run.phase = "interrupted".to_owned();
            }
        }
        record.interruptions.push(Interruption {
            found: now(),
            then: then.to_owned(),
        });
        record.requeued = false;
        let name = record.name.clone();
        let reason = if again {
            let refused = self.run_again(seq, &record).await?;
            match refused {
                None => return Ok(true),
                Some(reason) => {
                    format!("it was interrupted, and could not be run again: {reason}")
                }
            }
        } else {
            "the service ended while it had not".to_owned()
        };
        warn!("task {name}: {reason}");
        record.ended = Some(Ended {
            at: now(),
            phase: "interrupted".to_owned(),
            exit_code: None,
            error: Some(reason),
            generation: 1,
            uid: format!("interrupted-{seq}"),
        });
        self.counters.ended("interrupted");
        self.store.replace(seq, record).await?;
        Ok(false)
    }

    /// Runs a task again; why it could not be.
    async fn run_again(&self, seq: Seq, record: &Record) -> Result<Option<String>, StoreError> {
        let manifest: TaskManifest = match serde_json::from_value(record.manifest.clone()) {
            Ok(manifest) => manifest,
            Err(err) => return Ok(Some(err.to_string())),
        };
        if let Err(refused) = self.check(&manifest) {
            return Ok(Some(refused.to_string()));
        }
        self.store.replace(seq, record.clone()).await?;
        if let Err(refused) = self.begin(&record.name, seq, record) {
            return Ok(Some(refused.to_string()));
        }
        match self.core().adapter.create_task(manifest).await {
            Ok(_) => Ok(None),
            Err(err) => {
                self.active.lock().remove(&record.name);
                self.outputs.end(seq);
                Ok(Some(err.to_string()))
            }
        }
    }
}
