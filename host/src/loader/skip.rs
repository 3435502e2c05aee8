//! Files that were left alone on purpose, why, and how to have them loaded.

use std::fmt;
use std::path::PathBuf;

use super::refusal::{Advice, LoaderOption, OptionNames};

/// A file that was left alone on purpose.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Skipped {
    /// The file's name.
    pub file: String,
    /// Its absolute path in the plugin directory.
    pub path: PathBuf,
    /// Why.
    pub reason: SkipReason,
}

/// Why a file was left alone. It displays as the fact alone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SkipReason {
    /// Its name begins with a dot.
    Hidden,
    /// Its name says that somebody is not done with it, or has put it aside.
    Temporary {
        /// How such names end.
        suffix: String,
    },
    /// Its name does not end as those of plugins do.
    NoPluginName,
    /// It is another plugin file of the directory under a second name.
    SameFile {
        /// That file.
        first: String,
    },
    /// Its sidecar says so.
    Disabled {
        /// The sidecar.
        sidecar: String,
    },
    /// The host has an allow-list without it.
    NotAllowed {
        /// The name that the plugin was built with.
        plugin: String,
    },
    /// It is a sidecar, and there is no file that it would be beside.
    SidecarOfNone {
        /// That file.
        missing: String,
    },
}

impl SkipReason {
    /// What to do to have it loaded; `None` where it is loaded under another name.
    #[must_use]
    pub fn advice(&self) -> Option<Advice> {
        Some(match self {
            Self::Hidden | Self::Temporary { .. } | Self::NoPluginName => {
                Advice::new("rename it to load it")
            }
            Self::SameFile { .. } => return None,
            Self::Disabled { .. } => Advice::new("set enabled = true there to load it"),
            Self::NotAllowed { .. } => {
                Advice::new("add its name to load it").with(LoaderOption::Allow)
            }
            Self::SidecarOfNone { .. } => Advice::new("name it as the plugin's file is named"),
        })
    }

    /// Why, and what to do to have it loaded, on one line.
    #[must_use]
    pub fn sentence(&self, names: OptionNames) -> String {
        match self.advice() {
            Some(advice) => advice.after(self, names),
            None => self.to_string(),
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hidden => f.write_str("a hidden name"),
            Self::Temporary { suffix } => write!(f, "a temporary name ({suffix})"),
            Self::NoPluginName => {
                let suffix = std::env::consts::DLL_SUFFIX;
                write!(f, "a name that does not end in {suffix}")
            }
            Self::SameFile { first } => write!(f, "the same file as {first}"),
            Self::Disabled { sidecar } => write!(f, "disabled in {sidecar}"),
            Self::NotAllowed { plugin } => {
                write!(f, "plugin '{plugin}' is not in the host's allow-list")
            }
            Self::SidecarOfNone { missing } => {
                write!(f, "a sidecar of {missing}, which is not there")
            }
        }
    }
}
