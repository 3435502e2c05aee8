//! What tasks do that rules need, and a task of whatever kind that does it.

use serde::{Deserialize, Serialize};
use solti_model::TaskSpec;
use solti_plugin_host::Workload;
use solti_plugin_host::specs::Spec;

/// What a task does, which is what a rule needs it for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::conform) enum Does {
    /// Writes a line at least and succeeds at once.
    Quick,
    /// Writes a line and then runs until it is stopped.
    Long,
    /// Fails at once.
    Failing,
    /// Writes 8 MiB or more as fast as it can, and succeeds.
    Chatty,
    /// Writes the lines of [`text`] to standard output and succeeds.
    Text,
    /// Panics.
    Panicking,
}

/// A task that can be built.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::conform) enum Work {
    Spec(Box<TaskSpec>),
    Workload(Box<Workload>),
}

impl From<Spec> for Work {
    fn from(spec: Spec) -> Self {
        match spec {
            Spec::Task(spec) => Self::Spec(spec),
            Spec::Workload(workload) => Self::Workload(workload),
        }
    }
}

/// A task, and who says what it does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::conform) struct Task {
    pub(in crate::conform) work: Work,
    /// Whether it was given for this plugin: then it does what it is said to do, or the plugin is wrong.
    pub(in crate::conform) given: bool,
}

/// The least that a chatty task writes.
pub(in crate::conform) const MUCH: u64 = 8 << 20;

/// The length of the long line in [`text`].
const LONG_LINE: usize = 100_000;

/// What a task writes that shows how text passes: a line that is not ASCII, a long one and a short one.
pub(in crate::conform) fn text() -> Vec<u8> {
    let mut text = "Grüße, 世界 🦀\n".as_bytes().to_vec();
    text.resize(text.len() + LONG_LINE, b'x');
    text.extend_from_slice(b"\nend\n");
    text
}

impl Does {
    pub(in crate::conform) const ALL: [Self; 6] = [
        Self::Quick,
        Self::Long,
        Self::Failing,
        Self::Chatty,
        Self::Text,
        Self::Panicking,
    ];

    /// What it is called in a file of tasks.
    pub(in crate::conform) fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Long => "long",
            Self::Failing => "failing",
            Self::Chatty => "chatty",
            Self::Text => "text",
            Self::Panicking => "panicking",
        }
    }
}
