//! A task of a kind that the model has no room for.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use solti_model::{
    AdmissionPolicy, BackoffPolicy, Labels, RestartPolicy, RunnerSelector, Slot, Timeout,
};

/// A task whose kind is a text: `gpu`, or `group/version/Kind` such as `example.com/v1/Greeting`.
///
/// A field that is not known is left out, so that a later host may send more of them. Who reads one that
/// a person wrote looks for misspelt fields first.
///
/// Beside it stand the fields that every task has, with the names and defaults that a
/// [`TaskSpec`](solti_model::TaskSpec) has in a file. What `spec` holds is between who wrote it and the
/// runner: nobody on the way looks into it. [`read_spec`](Self::read_spec) reads it into a type.
///
/// A runner takes workloads by [`Runner::build_workload`](crate::Runner::build_workload), a host routes
/// them by `RunnerRouter::build_workload`.
///
/// # Examples
///
/// ```
/// use solti_plugin_abi::Workload;
///
/// let workload: Workload = serde_json::from_str(
///     r#"{"slot": "hi", "kind": "example.com/v1/Greeting", "timeout": 5000, "spec": {"name": "Ada"}}"#,
/// )?;
/// assert_eq!(workload.spec["name"], "Ada");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Workload {
    /// Where the task runs: of one slot, one at a time.
    pub slot: Slot,
    /// The kind, as runners declare it.
    pub kind: String,
    /// What the runner of that kind is told.
    #[serde(default)]
    pub spec: Value,
    /// How long one attempt may take, in milliseconds, at least 1.
    pub timeout: Timeout,
    /// Whether it is attempted again after its end; never by default.
    #[serde(default)]
    pub restart: RestartPolicy,
    /// How long to wait before it is.
    #[serde(default)]
    pub backoff: BackoffPolicy,
    /// What happens when its slot is taken.
    #[serde(default)]
    pub admission: AdmissionPolicy,
    /// Which runners may take it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner_selector: Option<RunnerSelector>,
    /// What it is labelled with.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
}

impl Workload {
    /// A workload with the defaults of every field that is not named here.
    #[must_use]
    pub fn new(
        slot: impl Into<Slot>,
        kind: impl Into<String>,
        timeout: impl Into<Timeout>,
        spec: Value,
    ) -> Self {
        Self {
            slot: slot.into(),
            kind: kind.into(),
            spec,
            timeout: timeout.into(),
            restart: RestartPolicy::default(),
            backoff: BackoffPolicy::default(),
            admission: AdmissionPolicy::default(),
            runner_selector: None,
            labels: Labels::new(),
        }
    }

    /// Sets which runners may take it.
    #[must_use]
    pub fn with_runner_selector(mut self, selector: RunnerSelector) -> Self {
        self.runner_selector = Some(selector);
        self
    }
}
