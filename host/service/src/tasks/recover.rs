//! What an interruption makes of tasks.

use solti_model_published::TaskManifest;
use tracing::info;

use super::all::Tasks;
use crate::config::OnInterrupt;
use crate::store::{Ended, Interruption, Record, Run, Seq, StoreError};
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
        self.note_attempts(seq, &mut record).await;
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
        info!(task = %name, "interrupted: {reason}");
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

    /// Notes the attempts that only its output tells of: the record of a task that runs is that of its
    /// beginning.
    async fn note_attempts(&self, seq: Seq, record: &mut Record) {
        let begun = self.outputs.reader(seq).attempts().await;
        for (attempt, started) in begun.unwrap_or_default() {
            if record.runs.iter().any(|run| run.attempt == attempt) {
                continue;
            }
            record.runs.push(Run {
                attempt,
                generation: 1,
                started,
                finished: Some(now()),
                phase: "interrupted".to_owned(),
                exit_code: None,
                error: None,
            });
            record.attempts = record.attempts.max(attempt);
        }
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
        if let Err(refused) = self.begin_again(&record.name, seq, record) {
            return Ok(Some(refused.to_string()));
        }
        match self.hand_over(&record.name, manifest).await {
            Ok(_) => Ok(None),
            Err(err) => {
                self.active.lock().remove(&record.name);
                self.outputs.end(seq);
                Ok(Some(err.to_string()))
            }
        }
    }
}
