//! The tasks that rules run, by what they do: the suite's own, and those of a file.

mod builtin;
mod file;
mod module;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use solti_model::TaskSpec;
use solti_plugin_host::Workload;

pub(super) use file::{TasksError, work};

/// What a task does, which is what a rule needs it for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Does {
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
pub(super) enum Work {
    Spec(Box<TaskSpec>),
    Workload(Box<Workload>),
}

/// The tasks that rules run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Tasks {
    by_what: BTreeMap<Does, Task>,
}

/// A task, and who says what it does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) work: Work,
    /// Whether it was given for this plugin: then it does what it is said to do, or the plugin is wrong.
    pub(super) given: bool,
}

/// The least that a chatty task writes.
pub(super) const MUCH: u64 = 8 << 20;

/// The length of the long line in [`text`].
const LONG_LINE: usize = 100_000;

/// What a task writes that shows how text passes: a line that is not ASCII, a long one and a short one.
pub(super) fn text() -> Vec<u8> {
    let mut text = "Grüße, 世界 🦀\n".as_bytes().to_vec();
    text.resize(text.len() + LONG_LINE, b'x');
    text.extend_from_slice(b"\nend\n");
    text
}

impl Does {
    pub(super) const ALL: [Self; 6] = [
        Self::Quick,
        Self::Long,
        Self::Failing,
        Self::Chatty,
        Self::Text,
        Self::Panicking,
    ];

    /// What it is called in a file of tasks.
    pub(super) fn name(self) -> &'static str {
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

impl Tasks {
    /// The tasks of `file`, or else the suite's own for a plugin of these kinds. What those need is put
    /// into `place`.
    ///
    /// # Errors
    ///
    /// [`TasksError`] when the file has something wrong.
    pub(super) fn of(
        file: Option<&Path>,
        kinds: &[String],
        place: &Path,
    ) -> Result<Self, TasksError> {
        let own = |does| builtin::task(does, kinds, place);
        if let Some(file) = file {
            return file::read(file, own);
        }
        let mut by_what = BTreeMap::new();
        for does in Does::ALL {
            if let Some(work) = own(does)? {
                by_what.insert(does, Task { work, given: false });
            }
        }
        Ok(Self { by_what })
    }

    pub(super) fn get(&self, does: Does) -> Option<&Task> {
        self.by_what.get(&does)
    }
}
