//! A file with something wrong.

use std::fmt;
use std::path::PathBuf;

use crate::loader::error::LoadError;
use crate::loader::measure::Measurements;
use crate::loader::refusal::OptionNames;

/// A file that was not loaded because something is wrong with it.
///
/// It serialises to `{"file": …, "path": …, "stage": …, "code": …, "reason": …, "advice": …}` and what was
/// measured; `reason` has the advice at its end.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rejected {
    /// The file's name.
    pub file: String,
    /// Its absolute path in the plugin directory.
    pub path: PathBuf,
    /// What is wrong, and at which stage it was found.
    pub error: LoadError,
    /// What was measured of the file before it was refused.
    pub measurements: Measurements,
    /// What advice calls the options of the loader.
    pub(in crate::loader) names: OptionNames,
}

impl Rejected {
    /// Why, and what to do about it, on one line. What a file or a plugin has said is in it as text:
    /// control characters are escaped.
    #[must_use]
    pub fn reason(&self) -> String {
        self.error.sentence(self.names)
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> String {
        self.error.advice().named(self.names)
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: rejected at {}: {}",
            self.file,
            self.error.stage(),
            self.reason()
        )
    }
}
