//! What is kept of a task.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use solti_model::{Labels, RunnerSelector};

use crate::need::Need;
use crate::time::now;

/// What somebody has asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Its name.
    pub name: String,
    /// What a host has to have.
    pub need: Need,
    /// In which slot it runs.
    pub slot: String,
    /// Its labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// When it was asked for, in milliseconds since 1970, by the clock of who did.
    pub created: u64,
    /// A digest of its spec: the same request may come twice, another may not have its name.
    pub digest: String,
}

/// A host runs it, or has run it last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// The host.
    pub host: String,
    /// How often it was delivered so far, from 1.
    pub delivery: u64,
    /// When it began, in milliseconds since 1970.
    pub started: u64,
    /// Whether the host has given it back since: it waits again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub given_back: bool,
}

/// How it has ended. There is one for each task, however often it ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// `succeeded`, `failed`, `timeout` or `canceled`.
    pub phase: String,
    /// The exit code, where it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The host that has run it; none for one that was cancelled before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The delivery that this is the result of; 0 for none.
    pub delivery: u64,
    /// How many attempts that delivery took.
    pub attempts: u32,
    /// The plugins that have run it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<String>,
    /// The bytes of output that this delivery has in the stream.
    pub output: u64,
    /// When it began and ended, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<u64>,
    /// When it ended, in milliseconds since 1970.
    pub ended: u64,
}

impl Outcome {
    /// Of a task that was cancelled before it began; `delivery` is 0 for one that was never delivered.
    pub(crate) fn never_begun(delivery: u64) -> Self {
        Self {
            phase: "canceled".to_owned(),
            exit_code: None,
            error: Some("it was cancelled before it began".to_owned()),
            host: None,
            delivery,
            attempts: 0,
            plugins: Vec::new(),
            output: 0,
            started: None,
            ended: now(),
        }
    }
}

/// Somebody has asked for its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancelled {
    /// When, in milliseconds since 1970.
    pub at: u64,
}

/// It is tried no more by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dead {
    /// Why.
    pub reason: String,
    /// How often it was delivered.
    pub deliveries: u64,
    /// Since when, in milliseconds since 1970.
    pub at: u64,
}

/// A host that takes tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Host {
    /// What people call it.
    pub name: String,
    /// The version of the program.
    pub version: String,
    /// How many tasks it runs at the same time.
    pub jobs: usize,
    /// How many it runs now.
    pub running: usize,
    /// Since when it takes tasks, in milliseconds since 1970.
    pub since: u64,
    /// Its clock, in milliseconds since 1970.
    pub now: u64,
    /// Its runners.
    pub runners: Vec<HostRunner>,
}

/// A runner of a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostRunner {
    /// The plugin, and its version.
    pub plugin: String,
    /// The version of the plugin.
    pub version: String,
    /// The kinds it takes.
    pub kinds: Vec<String>,
    /// The labels it is registered with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

impl HostRunner {
    /// Whether it takes tasks of a kind.
    #[must_use]
    pub fn takes(&self, kind: &str) -> bool {
        self.kinds.iter().any(|it| it == kind)
    }

    /// Whether it is what a need asks for. It is not where the selector is one that only a later version reads.
    #[must_use]
    pub fn meets(&self, need: &Need) -> bool {
        if !self.takes(&need.kind) {
            return false;
        }
        if need.selector.is_null() {
            return true;
        }
        let mut labels = Labels::new();
        for (key, value) in &self.labels {
            labels.insert(key.clone(), value.clone());
        }
        let selector: Result<RunnerSelector, _> = serde_json::from_value(need.selector.clone());
        selector.is_ok_and(|selector| selector.matches(&labels))
    }
}
