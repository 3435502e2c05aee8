//! What a rule is.

use std::time::Duration;

use solti_plugin_host::inspect::{GlibcVersion, Inspection};

use super::request::Request;
use super::verdict::Tried;

/// The page that has a section for each rule.
const PAGE: &str = "docs/conformance.md";

/// One thing that a plugin promises a host.
#[derive(Debug)]
pub(crate) struct Rule {
    /// Its name, which never changes.
    pub(crate) name: &'static str,
    /// Why a host needs it.
    pub(crate) reason: &'static str,
    pub(super) check: Check,
}

/// How it is tried.
#[derive(Debug, Clone, Copy)]
pub(super) enum Check {
    /// On the bytes of the file.
    Of(fn(&FileFacts<'_>) -> Tried),
    /// In a process of its own, which loads the plugin.
    In(fn(&Request) -> Tried),
    /// In such a process, which the plugin takes for a probe.
    InProbe(fn(&Request) -> Tried),
}

/// What is known of a file without running it.
#[derive(Debug)]
pub(super) struct FileFacts<'a> {
    pub(super) bytes: u64,
    pub(super) inspection: &'a Inspection,
    /// The oldest glibc that it is to run with.
    pub(super) glibc: GlibcVersion,
}

impl Rule {
    pub(super) const fn of(
        name: &'static str,
        reason: &'static str,
        check: fn(&FileFacts<'_>) -> Tried,
    ) -> Self {
        let check = Check::Of(check);
        Self {
            name,
            reason,
            check,
        }
    }

    pub(super) const fn run(
        name: &'static str,
        reason: &'static str,
        check: fn(&Request) -> Tried,
    ) -> Self {
        let check = Check::In(check);
        Self {
            name,
            reason,
            check,
        }
    }

    pub(super) const fn probe(
        name: &'static str,
        reason: &'static str,
        check: fn(&Request) -> Tried,
    ) -> Self {
        let check = Check::InProbe(check);
        Self {
            name,
            reason,
            check,
        }
    }

    /// Where its page is.
    pub(crate) fn page(&self) -> String {
        format!("{PAGE}#{}", self.name)
    }
}

/// What is waited for when a plugin is to do something at once: as long as a host waits for a cancelled
/// attempt unless it is told otherwise.
pub(super) const SOON: Duration = Duration::from_secs(5);

/// What is waited for when a plugin is to finish some work.
pub(super) const WORK: Duration = Duration::from_secs(30);
