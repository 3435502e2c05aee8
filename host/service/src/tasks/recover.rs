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
    /// Treats the tasks that had not ended when the last service did: what becomes of all of them is noted
    /// first, then those that run again begin in their order.
    pub(crate) async fn recover(&self) -> Result<Recovered, StoreError> {
        let (mut again, mut noted) = (Vec::new(), Vec::new());
        for (seq, mut record) in self.store.open_tasks()? {
            self.note_attempts(seq, &mut record).await;
            match self.interrupt(&mut record) {
                Ok(manifest) => again.push((seq, record.clone(), manifest)),
                Err(reason) => self.fail(seq, &mut record, reason),
            }
            noted.push((seq, record));
        }
        let mut recovered = Recovered {
            rerun: again.len(),
            failed: noted.len() - again.len(),
        };
        self.store.replace_all(noted).await?;
        for (seq, mut record, manifest) in again {
            if let Err(reason) = self.run_again(seq, &record, manifest).await {
                self.fail(seq, &mut record, not_again(&reason));
                self.store.replace(seq, record).await?;
                recovered.rerun -= 1;
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

    /// Notes an interruption; what is to be run again, or why nothing is.
    fn interrupt(&self, record: &mut Record) -> Result<TaskManifest, String> {
        let then = match record.on_interrupt {
            _ if record.requeued => "requeue",
            how => how.as_str(),
        };
        let again = record.requeued || record.on_interrupt == OnInterrupt::Rerun;
        record.interruptions.push(Interruption {
            found: now(),
            then: then.to_owned(),
        });
        record.requeued = false;
        if !again {
            return Err("the service ended while it had not".to_owned());
        }
        let manifest: TaskManifest = serde_json::from_value(record.manifest.clone())
            .map_err(|err| not_again(&err.to_string()))?;
        self.check(&manifest)
            .map_err(|refused| not_again(&refused.to_string()))?;
        Ok(manifest)
    }

    /// Notes the end of a task that is not run again.
    fn fail(&self, seq: Seq, record: &mut Record, reason: String) {
        info!(task = %record.name, "interrupted: {reason}");
        record.ended = Some(Ended {
            at: now(),
            phase: "interrupted".to_owned(),
            exit_code: None,
            error: Some(reason),
            plugins: Vec::new(),
            generation: 1,
            uid: format!("interrupted-{seq}"),
        });
        self.counters.ended("interrupted");
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

    /// Runs a task again, or says why it could not be.
    async fn run_again(
        &self,
        seq: Seq,
        record: &Record,
        manifest: TaskManifest,
    ) -> Result<(), String> {
        self.begin_again(&record.name, seq, record)
            .map_err(|refused| refused.to_string())?;
        if let Err(err) = self.hand_over(&record.name, manifest).await {
            self.active.lock().remove(&record.name);
            self.outputs.end(seq);
            return Err(err.to_string());
        }
        Ok(())
    }
}

fn not_again(reason: &str) -> String {
    format!("it was interrupted, and could not be run again: {reason}")
}
