//! What is kept of a task.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::OnInterrupt;

/// The format of a record. A later one reads the earlier ones.
pub(super) const FORMAT: u32 = 1;

/// The number of a task's record: they are in the order in which tasks came.
pub(crate) type Seq = u64;

/// What is kept of a task: JSON with a format number.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    pub(crate) format: u32,
    pub(crate) name: String,
    /// What was asked for, as the API of 0.0.8 has it.
    pub(crate) manifest: Value,
    /// Milliseconds since 1970.
    pub(crate) created: u64,
    pub(crate) on_interrupt: OnInterrupt,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) idempotency_key: Option<String>,
    /// The task that this one does again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retry_of: Option<String>,
    /// The highest number of an attempt of it: those of a later run go on from there.
    #[serde(default)]
    pub(crate) attempts: u32,
    /// The last attempts, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) runs: Vec<Run>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) interruptions: Vec<Interruption>,
    /// Whether the next service runs it again, whatever its `onInterrupt` says: it was stopped in order.
    #[serde(default)]
    pub(crate) requeued: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ended: Option<Ended>,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Run {
    pub(crate) attempt: u32,
    pub(crate) generation: u64,
    pub(crate) started: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) finished: Option<u64>,
    pub(crate) phase: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) exit_code: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

/// A service ended while the task had not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Interruption {
    /// When the next service found it.
    pub(crate) found: u64,
    /// What became of the task: `rerun`, `fail`, or `requeue` after a stop in order.
    pub(crate) then: String,
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ended {
    pub(crate) at: u64,
    /// As the API of 0.0.8 has it, or `interrupted`.
    pub(crate) phase: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) exit_code: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// The plugins that have run it, in the order of their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) plugins: Vec<String>,
    pub(crate) generation: u64,
    pub(crate) uid: String,
}

impl Record {
    /// The record of a task that was just asked for.
    pub(crate) fn new(
        name: String,
        manifest: Value,
        on_interrupt: OnInterrupt,
        idempotency_key: Option<String>,
    ) -> Self {
        Self {
            format: FORMAT,
            name,
            manifest,
            created: crate::time::now(),
            on_interrupt,
            idempotency_key,
            retry_of: None,
            attempts: 0,
            runs: Vec::new(),
            interruptions: Vec::new(),
            requeued: false,
            ended: None,
        }
    }

    /// The kind of its workload, as plugins declare it.
    pub(crate) fn kind(&self) -> String {
        let workload = &self.manifest["spec"]["workload"];
        let text = |field: &str| workload[field].as_str().unwrap_or_default();
        match (text("apiVersion"), text("kind")) {
            ("solti.io/v1", kind) => kind.to_lowercase(),
            (version, kind) => format!("{version}/{kind}"),
        }
    }

    /// The slot it runs in.
    pub(crate) fn slot(&self) -> &str {
        self.manifest["spec"]["slot"].as_str().unwrap_or_default()
    }
}
