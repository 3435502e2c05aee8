//! Tasks of the store as the API of 0.0.8 has them.

use serde_json::{Value, json};
use solti_api::ApiError;
use solti_model_published::{TASK_API_VERSION, TASK_KIND, Task};

use super::refusal::Refused;
use crate::store::Record;
use crate::time::rfc3339;

/// The resource version of what does not change any more.
const VERSION: &str = "stored";

/// A task that has ended, as the API of 0.0.8 has it.
pub(super) fn task_of(record: &Record) -> Result<Task, Refused> {
    let internal = |reason: String| Refused::Core(ApiError::Internal(reason));
    let Some(ended) = &record.ended else {
        return Err(internal(format!("task {} has not ended", record.name)));
    };
    let mut metadata = record.manifest["metadata"].clone();
    metadata["uid"] = json!(ended.uid);
    metadata["resourceVersion"] = json!(VERSION);
    metadata["generation"] = json!(ended.generation);
    metadata["creationTimestamp"] = json!(rfc3339(record.created));
    // That API has no word for it.
    let phase = match ended.phase.as_str() {
        "interrupted" => "failed",
        other => other,
    };
    let mut status = json!({
        "observedGeneration": ended.generation,
        "phase": phase,
        "attempt": record.attempts,
        "conditions": [{
            "type": "Reconciled",
            "status": "True",
            "observedGeneration": ended.generation,
            "lastTransitionTime": rfc3339(ended.at),
            "reason": "Stored",
            "message": "",
        }],
    });
    for (field, value) in [
        ("exitCode", ended.exit_code.map(Value::from)),
        ("error", ended.error.clone().map(Value::from)),
    ] {
        if let Some(value) = value {
            status[field] = value;
        }
    }
    let task = json!({
        "apiVersion": TASK_API_VERSION,
        "kind": TASK_KIND,
        "metadata": metadata,
        "spec": record.manifest["spec"],
        "status": status,
    });
    serde_json::from_value(task).map_err(|err| internal(format!("task {}: {err}", record.name)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "all of it is tests")]

    use super::*;
    use crate::config::OnInterrupt;
    use crate::store::Ended;

    #[test]
    fn a_task_of_the_store_is_one_of_the_published_line() {
        let manifest = json!({
            "apiVersion": "solti.io/v1", "kind": "Task",
            "metadata": {"name": "n", "labels": {"team": "ops"}},
            "spec": {
                "slot": "s", "timeout": 9, "restart": {"type": "never"}, "admission": "queue",
                "backoff": {"firstMs": 1, "maxMs": 9, "factor": 2.0, "jitter": "none"},
                "workload": {"apiVersion": "solti.io/v1", "kind": "Subprocess", "spec": {
                    "mode": {"command": {"command": "true"}}, "failOnNonZero": true}},
            },
        });
        for phase in ["succeeded", "failed", "timeout", "canceled", "interrupted"] {
            let mut record = Record::new("n".to_owned(), manifest.clone(), OnInterrupt::Fail, None);
            record.attempts = 2;
            record.ended = Some(Ended {
                at: 1_700_000_000_000,
                phase: phase.to_owned(),
                exit_code: Some(3),
                error: Some("no".to_owned()),
                plugins: Vec::new(),
                generation: 2,
                uid: "u".to_owned(),
            });
            let task = task_of(&record).unwrap();
            assert_eq!(task.name().as_str(), "n");
            assert_eq!(task.status().exit_code(), Some(3));
            assert!(task.phase().is_terminal(), "{phase}");
        }
    }
}
