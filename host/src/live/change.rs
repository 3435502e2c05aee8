//! What a look at the directory has changed.

use std::fmt;

use serde::Serialize;

use crate::loader::digest::Digest;
use crate::loader::report::{LoadedPlugin, Rejected};
use crate::loader::stage::Stage;

/// What a look at the directory has changed. It prints as one line for each change.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct Changes {
    /// Plugins that were not in service.
    pub added: Vec<Change>,
    /// Plugins whose file is another one.
    pub replaced: Vec<Replacement>,
    /// Plugins that stay as they are, with other labels or another file name.
    pub renewed: Vec<Change>,
    /// Plugins whose file is gone, or is that of another plugin now.
    pub retired: Vec<Change>,
    /// Files that are refused, now or still.
    pub refused: Vec<RefusedFile>,
    /// How many plugins are as before.
    pub unchanged: usize,
}

/// A version of a plugin: what is written on it, and which bytes it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Version {
    /// As its stamp has it.
    pub version: String,
    /// The digest of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Digest>,
}

/// A plugin that has come, changed or gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// The plugin's name.
    pub plugin: String,
    /// Its file's name.
    pub file: String,
    /// Which version.
    #[serde(flatten)]
    pub version: Version,
}

/// A plugin that was replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Replacement {
    /// What is in service now.
    #[serde(flatten)]
    pub now: Change,
    /// What was before.
    pub before: Version,
}

/// A file that is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RefusedFile {
    /// The file's name.
    pub file: String,
    /// The stage that refused it.
    pub stage: Stage,
    /// A short name of the reason that never changes.
    pub code: &'static str,
    /// What is wrong, and what to do about it.
    pub reason: String,
    /// The plugin that stays in service since the file that was to replace it is this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stays: Option<String>,
}

impl Changes {
    /// Whether the plugins in service are the same as before.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty()
            && self.replaced.is_empty()
            && self.renewed.is_empty()
            && self.retired.is_empty()
    }
}

impl Version {
    pub(super) fn of(plugin: &LoadedPlugin) -> Self {
        Self {
            version: plugin.version.clone(),
            sha256: plugin.measurements.sha256,
        }
    }
}

impl Change {
    pub(super) fn of(plugin: &LoadedPlugin) -> Self {
        Self {
            plugin: plugin.plugin.clone(),
            file: plugin.file.clone(),
            version: Version::of(plugin),
        }
    }
}

impl RefusedFile {
    pub(super) fn of(rejected: &Rejected, stays: Option<&LoadedPlugin>) -> Self {
        Self {
            file: rejected.file.clone(),
            stage: rejected.error.stage(),
            code: rejected.error.code(),
            reason: rejected.reason(),
            stays: stays.map(|plugin| plugin.plugin.clone()),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.version)?;
        match &self.sha256 {
            Some(digest) => write!(f, " ({})", &digest.to_string()[..SHORT]),
            None => Ok(()),
        }
    }
}

/// How much of a digest tells two versions of a plugin apart.
const SHORT: usize = 12;

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} from {}", self.plugin, self.version, self.file)
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for added in &self.added {
            writeln!(f, "added {added}")?;
        }
        for Replacement { now, before } in &self.replaced {
            writeln!(
                f,
                "replaced {} {before} by {} from {}",
                now.plugin, now.version, now.file
            )?;
        }
        for renewed in &self.renewed {
            writeln!(f, "renewed {renewed}")?;
        }
        for retired in &self.retired {
            writeln!(f, "retired {retired}")?;
        }
        for RefusedFile {
            file,
            reason,
            stays,
            ..
        } in &self.refused
        {
            match stays {
                Some(plugin) => writeln!(f, "refused {file}, and {plugin} stays: {reason}")?,
                None => writeln!(f, "refused {file}: {reason}")?,
            }
        }
        write!(f, "{} unchanged", self.unchanged)
    }
}
