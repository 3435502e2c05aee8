//! The shape that the reports of loading and of checking have in common.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::rejected::Rejected;
use super::runner::OfferedRunner;
use super::unused::UnusedOption;
use super::warning::Warning;
use crate::loader::refusal::OptionNames;
use crate::loader::skip::Skipped;

/// What became of each file of a directory, in the order in which they were looked at.
///
/// It prints as one line for each file, and serialises to `{"loaded": […], "rejected": […],
/// "skipped": […], "warnings": […]}`, with `passed` instead of `loaded` in a report of a check.
#[derive(Debug)]
pub struct Report<T> {
    directory: PathBuf,
    pub(super) accepted: Vec<T>,
    pub(super) rejected: Vec<Rejected>,
    pub(super) skipped: Vec<Skipped>,
    unused: Vec<UnusedOption>,
    /// What came up on the way and refuses no file.
    pub(super) noted: Vec<Warning>,
    /// What advice calls the options of the loader.
    pub(super) names: OptionNames,
}

/// A file with nothing wrong.
pub trait Accepted: Serialize {
    /// The word for what became of it.
    const OUTCOME: &'static str;

    /// Its name.
    fn file(&self) -> &str;

    /// The name that its plugin has here.
    fn plugin(&self) -> &str;

    /// Its runners, in routing order.
    fn runners(&self) -> &[OfferedRunner];

    /// What it is, for people.
    fn summary(&self) -> String;
}

impl<T> Report<T> {
    /// The directory that the files are in: absolute, without links.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The files with something wrong.
    #[must_use]
    pub fn rejected(&self) -> &[Rejected] {
        &self.rejected
    }

    /// The files left alone on purpose.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Whether there was no plugin file at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.accepted.is_empty() && self.rejected.is_empty() && self.skipped.is_empty()
    }

    /// The names in the host's options that no plugin has: they may be mistyped.
    #[must_use]
    pub fn unused_options(&self) -> &[UnusedOption] {
        &self.unused
    }

    pub(in crate::loader) fn new(directory: PathBuf, names: OptionNames) -> Self {
        Self {
            directory,
            accepted: Vec::new(),
            rejected: Vec::new(),
            skipped: Vec::new(),
            unused: Vec::new(),
            noted: Vec::new(),
            names,
        }
    }

    /// What advice calls the options of the loader.
    pub(in crate::loader) fn option_names(&self) -> OptionNames {
        self.names
    }

    pub(crate) fn add(&mut self, accepted: T) {
        self.accepted.push(accepted);
    }

    pub(crate) fn add_rejected(&mut self, rejected: Rejected) {
        self.rejected.push(rejected);
    }

    /// Adds a warning of the host's own, so that it stands beside the others in JSON.
    pub fn warn(&mut self, warning: Warning) {
        self.noted.push(warning);
    }

    pub(in crate::loader) fn set_unused_options(&mut self, unused: Vec<UnusedOption>) {
        self.unused = unused;
    }

    pub(crate) fn add_skipped(&mut self, skipped: Skipped) {
        self.skipped.push(skipped);
    }
}

impl<T: Accepted> Report<T> {
    /// The file that the plugin `name` comes from.
    pub(crate) fn file_of(&self, name: &str) -> Option<&str> {
        let first = self.accepted.iter().find(|it| it.plugin() == name)?;
        Some(first.file())
    }
}
