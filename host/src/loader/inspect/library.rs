//! A library of this machine, whatever its format, and what is in the way of loading it here.

use super::glibc::GlibcVersion;
use super::problem::Problem;
use super::requirements::Requirements;
use crate::maps;

/// A file that the system's loader can follow without being led astray.
#[derive(Debug)]
pub(super) struct Library<'data> {
    /// The text of its stamp.
    pub(super) stamp: Option<&'data [u8]>,
    pub(super) requirements: Requirements,
    /// Whether the symbol that a plugin is entered by is certainly not there.
    pub(super) lacks_root: bool,
    /// Whether the system would make the stacks of the whole process executable for it.
    pub(super) has_executable_stack: bool,
}

impl Library<'_> {
    /// All that speaks against loading it here, but for what its stamp says.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let is_plugin = self.stamp.is_some();
        [
            (!is_plugin).then_some(Problem::NoStamp),
            self.newer_glibc(),
            self.usurped_soname(),
            (is_plugin && self.has_executable_stack).then_some(Problem::ExecutableStack),
            // Without a stamp, that there is nothing to enter it by goes without saying.
            (is_plugin && self.lacks_root).then_some(Problem::NoRootSymbol),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn newer_glibc(&self) -> Option<Problem> {
        let needs = self.requirements.glibc?;
        let host = GlibcVersion::of_this_host()?;
        (needs > host).then_some(Problem::NewerGlibc { needs, host })
    }

    /// A name by which the system would take it for another library.
    fn usurped_soname(&self) -> Option<Problem> {
        let found = self.requirements.soname.clone()?;
        if found.contains('/') {
            return Some(Problem::SonameIsPath { found });
        }
        // A library of the system that is no plugin is rightly called so.
        (self.stamp.is_some() && maps::is_file_of_host(&found))
            .then_some(Problem::SonameOfHost { found })
    }
}
