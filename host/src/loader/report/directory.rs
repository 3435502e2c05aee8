//! The shape that the reports of loading and of checking have in common.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::rejected::Rejected;
use crate::loader::refusal::OptionNames;
use crate::loader::skip::Skipped;

/// What became of each file of a directory, in the order in which they were looked at.
///
/// It prints as one line for each file, and serialises to `{"loaded": […], "rejected": […],
/// "skipped": […]}`, with `passed` instead of `loaded` in a report of a check.
#[derive(Debug)]
pub struct Report<T> {
    directory: PathBuf,
    pub(super) accepted: Vec<T>,
    pub(super) rejected: Vec<Rejected>,
    pub(super) skipped: Vec<Skipped>,
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

    pub(in crate::loader) fn new(directory: PathBuf, names: OptionNames) -> Self {
        Self {
            directory,
            accepted: Vec::new(),
            rejected: Vec::new(),
            skipped: Vec::new(),
            names,
        }
    }

    pub(in crate::loader) fn add(&mut self, accepted: T) {
        self.accepted.push(accepted);
    }

    pub(in crate::loader) fn add_rejected(&mut self, rejected: Rejected) {
        self.rejected.push(rejected);
    }

    pub(in crate::loader) fn add_skipped(&mut self, skipped: Skipped) {
        self.skipped.push(skipped);
    }
}

impl<T: Accepted> Report<T> {
    /// The file that the plugin `name` comes from.
    pub(in crate::loader) fn file_of(&self, name: &str) -> Option<&str> {
        let first = self.accepted.iter().find(|it| it.plugin() == name)?;
        Some(first.file())
    }
}
