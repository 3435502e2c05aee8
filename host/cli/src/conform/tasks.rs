//! The tasks that rules run, by what they do: the suite's own, and those of a file.

mod builtin;
mod file;
mod module;
mod task;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

pub(super) use file::{TasksError, work};
pub(super) use task::{Does, MUCH, Task, Work, text};

/// The tasks that rules run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Tasks {
    by_what: BTreeMap<Does, Task>,
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
            let by_what = file::read(file, own)?;
            return Ok(Self { by_what });
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
