//! From a file's name to bytes that may be opened: all that is done before anything of a plugin
//! runs.

use serde_json::{Map, Value};
use solti_model::Labels;
use solti_plugin_abi::stamp::Stamp;
use tracing::debug;

use super::PluginLoader;
use super::digest::Digest;
use super::discover::Candidate;
use super::error::{LoadError, PolicyError, Stage};
use super::facts::FileFacts;
use super::inspect::{self, Requirements};
use super::policy::Sums;
use super::report::SkipReason;
use super::sidecar::Sidecar;
use super::stage::{self, Staged};

/// A file that is ready to be opened, or was left alone.
pub(super) enum Prepared {
    Ready(Box<Ready>),
    Skipped(SkipReason),
}

/// A file that nothing speaks against.
pub(super) struct Ready {
    /// What the plugin is called here: by its sidecar, or else by its stamp.
    pub(super) name: String,
    pub(super) config: Map<String, Value>,
    pub(super) worker_threads: u32,
    /// Those of the host and those of the sidecar.
    pub(super) labels: [Labels; 2],
    pub(super) stamp: Stamp,
    pub(super) requirements: Requirements,
    pub(super) staged: Staged,
}

impl PluginLoader {
    /// Prepares a file. Its bytes are read into `bytes`: memory that was touched once is at hand for
    /// the next file, and to touch new memory takes as long as to read.
    pub(super) fn prepare(
        &self,
        candidate: &Candidate,
        sums: &Sums,
        facts: &mut FileFacts,
        bytes: &mut Vec<u8>,
    ) -> Result<Prepared, LoadError> {
        let policy = &self.policy;
        let sidecar = facts.timed(Stage::Discover, || Sidecar::beside(candidate, policy, sums))?;
        if !sidecar.enabled {
            let sidecar = sidecar.file;
            return Ok(Prepared::Skipped(SkipReason::Disabled { sidecar }));
        }
        // Opened once: from here on the name is not looked at again.
        let opened = facts.timed(Stage::Policy, || {
            self.check_target(candidate)?;
            policy.open(&candidate.real)
        })?;
        facts.size = Some(opened.len());
        facts.timed(Stage::Stage, || opened.read_into(bytes))?;
        drop(opened);
        let digest = facts.timed(Stage::Policy, || Digest::of(bytes));
        facts.sha256 = Some(digest);
        let (stamp, requirements) =
            facts.timed(Stage::Inspect, || inspect::inspect(bytes).into_result())?;
        if self
            .allowed
            .as_ref()
            .is_some_and(|allowed| !allowed.contains(&stamp.plugin))
        {
            let plugin = stamp.plugin;
            return Ok(Prepared::Skipped(SkipReason::NotAllowed { plugin }));
        }
        let name = sidecar.name.unwrap_or_else(|| stamp.plugin.clone());
        facts.timed(Stage::Policy, || {
            let file = candidate.path.file_name().unwrap_or_default();
            sums.check(file, digest)?;
            policy.check_signature(&candidate.path, bytes, &stamp)
        })?;
        let staged = facts.timed(Stage::Stage, || {
            stage::stage(&candidate.file, bytes, digest, self.stage_in.as_deref())
        })?;
        debug!(
            "staged {}: {} bytes, sha256 {}",
            candidate.file, staged.len, staged.digest
        );
        let settings = self.by_plugin.get(&name).cloned().unwrap_or_default();
        Ok(Prepared::Ready(Box::new(Ready {
            name,
            config: settings.config.into_iter().chain(sidecar.config).collect(),
            worker_threads: settings
                .worker_threads
                .unwrap_or(self.worker_threads)
                .max(1),
            labels: [settings.labels, sidecar.labels],
            stamp,
            requirements,
            staged,
        })))
    }

    /// Checks the directories above a file that is linked to from another directory.
    pub(super) fn check_target(&self, candidate: &Candidate) -> Result<(), PolicyError> {
        match candidate.real.parent() {
            Some(parent) if candidate.path.parent() != Some(parent) => {
                self.policy.check_directories(parent)
            }
            _ => Ok(()),
        }
    }
}
