//! Files that were left alone on purpose, why, and how to have them loaded.

use std::fmt;

use serde::{Serialize, Serializer};

use super::plain;

/// A file that was left alone on purpose.
///
/// It serialises to `{"file": …, "reason": …, "advice": …}`, without `advice` where nothing is to do.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Skipped {
    /// The file's name.
    pub file: String,
    /// Why.
    pub reason: SkipReason,
}

/// Why a file was left alone.
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
    /// What to do to have it loaded, in the imperative; `None` where it is loaded under another name.
    #[must_use]
    pub fn advice(&self) -> Option<String> {
        Some(match self {
            Self::Hidden | Self::Temporary { .. } | Self::NoPluginName => {
                "rename it to load it".to_owned()
            }
            Self::SameFile { .. } => return None,
            Self::Disabled { sidecar } => format!("set enabled = true in {sidecar} to load it"),
            Self::NotAllowed { .. } => {
                "add its name to the allow-list (--allow) to load it".to_owned()
            }
            Self::SidecarOfNone { .. } => "name it as the plugin's file is named".to_owned(),
        })
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = std::env::consts::DLL_SUFFIX;
        match self {
            Self::Hidden => f.write_str("a hidden name: rename it to load it"),
            Self::Temporary { suffix } => {
                write!(f, "a temporary name ({suffix}): rename it to load it")
            }
            Self::NoPluginName => write!(
                f,
                "a name that does not end in {suffix}: rename it to load it"
            ),
            Self::SameFile { first } => write!(f, "the same file as {first}"),
            Self::Disabled { sidecar } => write!(f, "disabled in {sidecar}"),
            Self::NotAllowed { plugin } => {
                write!(f, "plugin '{plugin}' is not in the host's allow-list")
            }
            Self::SidecarOfNone { missing } => write!(
                f,
                "a sidecar of {missing}, which is not there: name it as the plugin's file is named"
            ),
        }
    }
}

impl Serialize for Skipped {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// The fields of the object.
        #[derive(Serialize)]
        struct Form<'a> {
            file: &'a str,
            reason: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            advice: Option<String>,
        }
        Form {
            file: &self.file,
            reason: plain(&self.reason.to_string()),
            advice: self.reason.advice(),
        }
        .serialize(serializer)
    }
}
