//! Every option of the loader, as a method that sets it.

use std::num::{NonZeroU32, NonZeroU64};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use minisign_verify::PublicKey;
use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

use super::PluginLoader;
use super::admit::{self, AdmitError};
use super::options::{PluginOptions, Progress};
use super::refusal::{OptionNames, method, sentence};
use crate::services::log::PluginLog;

/// Why a value is no configuration.
#[derive(Debug, Error)]
#[error("a plugin's configuration is an object: {reason}")]
#[non_exhaustive]
pub struct ConfigError {
    /// What it is instead, or why it is no JSON.
    pub reason: String,
}

/// Why a text is no public key.
#[derive(Debug, Error)]
#[error("not a minisign public key: expected the content of a .pub file or its second line")]
#[non_exhaustive]
pub struct PublicKeyError;

/// Why a file is not taken for that of a public key. It displays as one line: what was found and what
/// to do about it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PublicKeyFileError {
    /// The file may not be read, or not be believed.
    #[error("{}", sentence(.0, method))]
    NotAdmitted(AdmitError),
    /// It is no public key.
    #[error(transparent)]
    NoKey(PublicKeyError),
}

impl PublicKeyFileError {
    /// The same line with the names that `names` has for options.
    #[must_use]
    pub fn sentence(&self, names: OptionNames) -> String {
        match self {
            Self::NotAdmitted(refusal) => sentence(refusal, names),
            Self::NoKey(err) => err.to_string(),
        }
    }
}

/// Which plugins, and what they are given.
impl PluginLoader {
    /// Loads only plugins that were built with these names; others are skipped. Called again, it adds
    /// names. What a sidecar calls a plugin does not count: nobody vouches for that.
    #[must_use]
    pub fn allow<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.options
            .allowed
            .get_or_insert_default()
            .extend(names.into_iter().map(Into::into));
        self
    }

    /// Sets the worker threads of each plugin's runtime. Unless set it is up to the plugin, and one
    /// for each processor where the plugin does not say.
    ///
    /// They are started with the plugin's first task.
    #[must_use]
    pub fn worker_threads(mut self, threads: NonZeroU32) -> Self {
        self.options.worker_threads = Some(threads);
        self
    }

    /// Sets the worker threads of one plugin's runtime.
    #[must_use]
    pub fn worker_threads_of(mut self, plugin: impl Into<String>, threads: NonZeroU32) -> Self {
        self.of_plugin(plugin).worker_threads = Some(threads);
        self
    }

    /// Tells plugins how long this host waits for an attempt that it has cancelled before it drops it: a
    /// runner can use that time to end in order what it runs. Unless set they are told nothing.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.options.grace = Some(grace);
        self
    }

    /// Tells plugins which limit on open files the programs should have that they start: for a host that
    /// has raised its own, the one it was given. Unless set they have the host's.
    #[must_use]
    pub fn open_files_of_children(mut self, limit: u64) -> Self {
        self.options.open_files = Some(limit);
        self
    }

    /// Gives a plugin its configuration: a JSON object, or anything that serialises to one. The
    /// sidecar's fields win over these.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when `config` does not serialise to an object.
    pub fn config(
        mut self,
        plugin: impl Into<String>,
        config: impl Serialize,
    ) -> Result<Self, ConfigError> {
        let value = serde_json::to_value(config).map_err(|err| ConfigError {
            reason: err.to_string(),
        })?;
        let Value::Object(config) = value else {
            return Err(ConfigError {
                reason: format!("found {value}"),
            });
        };
        self.of_plugin(plugin).config = config;
        Ok(self)
    }

    /// Gives the runners of a plugin a label. It wins over the plugin's own; the sidecar's win over
    /// it.
    #[must_use]
    pub fn label(
        mut self,
        plugin: impl Into<String>,
        key: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        self.of_plugin(plugin).labels.insert(key, value);
        self
    }

    /// Takes a plugin out of routing once it has panicked `panics` times; never unless set.
    ///
    /// Its runners are asked no more, and what they have begun goes on: see
    /// [`Plugin::is_retired`](crate::Plugin::is_retired). It is not the default because then
    /// one bad task, tried again and again, ends the plugin's service for every other.
    #[must_use]
    pub fn max_panics(mut self, panics: NonZeroU64) -> Self {
        self.options.max_panics = Some(panics);
        self
    }

    /// Sets how many libraries may be open, and how many bytes their files may have together, for more to be
    /// opened beside plugins that run: 256, and 1 GiB, unless set. For
    /// [`LivePlugins`](crate::LivePlugins) alone: a library is never closed, so each version of a plugin
    /// takes memory until the process ends.
    #[must_use]
    pub fn max_images(mut self, images: u64, bytes: u64) -> Self {
        self.options.max_images = images;
        self.options.max_image_bytes = bytes;
        self
    }

    fn of_plugin(&mut self, plugin: impl Into<String>) -> &mut PluginOptions {
        self.options.by_plugin.entry(plugin.into()).or_default()
    }
}

/// What is said, and to whom.
impl PluginLoader {
    /// Sends what plugins log to `log` instead of the `tracing` subscriber.
    #[must_use]
    pub fn log(mut self, log: Arc<dyn PluginLog>) -> Self {
        self.options.log = log;
        self
    }

    /// Calls `on_progress` before each file.
    #[must_use]
    pub fn on_progress(
        mut self,
        on_progress: impl Fn(Progress<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.options.on_progress = Some(Arc::new(on_progress));
        self
    }

    /// Has reports and the log call these options by other names than those of the methods here: a
    /// program whose users set them by flags has advice name the flags.
    #[must_use]
    pub fn option_names(mut self, names: OptionNames) -> Self {
        self.options.names = names;
        self
    }
}

/// Which files may be loaded, whatever is in them.
impl PluginLoader {
    /// Loads files of this user as well; may be given several times. By default a plugin, and every
    /// directory above it, must belong to root or to the user the host runs as.
    #[must_use]
    pub fn trust_owner(mut self, uid: u32) -> Self {
        self.options.trust.owners.push(uid);
        self
    }

    /// Loads files whoever owns them: whoever can write a plugin file then runs code as the host.
    #[must_use]
    pub fn trust_any_owner(mut self) -> Self {
        self.options.trust.any_owner = true;
        self
    }

    /// Loads files that their group or everybody can change, or replace because a directory above
    /// them is writable: each of these users then runs code as the host.
    #[must_use]
    pub fn trust_writable(mut self) -> Self {
        self.options.trust.writable = true;
        self
    }

    /// Loads files from a mount with the option `noexec`, which is refused by default.
    #[must_use]
    pub fn allow_noexec(mut self) -> Self {
        self.options.trust.noexec = true;
        self
    }

    /// Follows links that lead out of the plugin directory. What they lead to is checked like
    /// everything else.
    #[must_use]
    pub fn allow_links_outside(mut self) -> Self {
        self.options.trust.links_outside = true;
        self
    }

    /// Sets the size in bytes above which a file is refused unread. It is 256 MiB by default.
    #[must_use]
    pub fn max_file_bytes(mut self, bytes: u64) -> Self {
        self.options.trust.max_file_bytes = bytes;
        self
    }

    /// Loads only files that are signed by the owner of this key, or of another one given so.
    ///
    /// `key` is the content of the file that `minisign -G` writes, or its second line. The signature
    /// of `foo.so` is `foo.so.minisig` beside it, and its trusted comment must begin with the
    /// plugin's name and version: `minisign -S -m foo.so -t "foo 1.2.3"`.
    ///
    /// # Errors
    ///
    /// [`PublicKeyError`] when `key` is no public key.
    pub fn public_key(mut self, key: &str) -> Result<Self, PublicKeyError> {
        let key = PublicKey::decode(key)
            .or_else(|_| PublicKey::from_base64(key.trim()))
            .map_err(|_| PublicKeyError)?;
        self.options.keys.push(key);
        Ok(self)
    }

    /// The same with the key in a file. Whoever can change that vouches for plugins, so it must have been
    /// written by somebody who is trusted by the options that were set before.
    ///
    /// # Errors
    ///
    /// [`PublicKeyFileError`] when it cannot be read, is no regular file, could have been written by
    /// others, or has no public key in it.
    pub fn public_key_file(self, file: impl AsRef<Path>) -> Result<Self, PublicKeyFileError> {
        let text = admit::read_key(file.as_ref(), &self.options.trust)
            .map_err(PublicKeyFileError::NotAdmitted)?;
        self.public_key(&String::from_utf8_lossy(&text))
            .map_err(PublicKeyFileError::NoKey)
    }

    /// Loads only plugins that `SHA256SUMS` beside them lists. Unless set, a directory without that list
    /// is loaded as it is, and removing the list vouches for everything.
    #[must_use]
    pub fn require_sums(mut self) -> Self {
        self.options.require_sums = true;
        self
    }

    /// Stages plugins as files of this directory instead of in memory.
    ///
    /// By default a plugin is loaded from a sealed copy in memory, where a library that it brings
    /// along and looks for beside itself (`RUNPATH` with `$ORIGIN`) is not found. In a directory it
    /// is. The directory must hold these libraries, and nobody but the host's user may write to it;
    /// a copy is removed once it is loaded.
    #[must_use]
    pub fn stage_in(mut self, directory: impl Into<PathBuf>) -> Self {
        self.options.stage_in = Some(directory.into());
        self
    }
}

/// Probing: before a plugin is opened here, another process opens the same bytes and connects it
/// with the same configuration. A plugin that crashes, hangs, ends its process, closes descriptors
/// or is not what its stamp says is rejected, and nothing happens to this process.
///
/// The other process is a program that calls [`probe_main`](crate::probe_main) first of all: this
/// very program when it has done so, or the one of [`probe_with`](Self::probe_with). Where there is
/// neither, plugins are loaded without, and [`LoadedPlugin::probe`](crate::report::LoadedPlugin::probe) says
/// so.
impl PluginLoader {
    /// Has plugins probed by this program, whose `main` begins with
    /// [`probe_main`](crate::probe_main). Not needed where that is the case for the host itself.
    #[must_use]
    pub fn probe_with(mut self, program: impl Into<PathBuf>) -> Self {
        self.options.probe.program = Some(program.into());
        self
    }

    /// Loads plugins without probing them: one that crashes while it is loaded ends the process.
    #[must_use]
    pub fn without_probe(mut self) -> Self {
        self.options.probe.off = true;
        self
    }

    /// Sets how long a probe may take, 5 seconds unless set; its processor time is limited to as
    /// many whole seconds.
    #[must_use]
    pub fn probe_time(mut self, limit: Duration) -> Self {
        self.options.probe.limits.time = limit;
        self
    }

    /// Sets the address space of a probe in bytes, 2 GiB unless set.
    #[must_use]
    pub fn probe_memory(mut self, limit: u64) -> Self {
        self.options.probe.limits.memory = limit;
        self
    }

    /// Has probes get these variables of the host's environment, where they are set, besides HOME, PATH and
    /// the like.
    #[must_use]
    pub fn probe_env(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let names = names.into_iter().map(Into::into);
        self.options.probe.env.extend(names);
        self
    }

    /// Keeps in this directory, across restarts, what probes find, and gives each plugin one of its own
    /// below it, `plugins/NAME`, made when the plugin is connected.
    ///
    /// Within one process what probes find is kept in any case, by what was probed: the file's bytes, the
    /// configuration, the limits and the version of the host. Failures are kept that are of the
    /// file; not the error of a constructor, which is tried again each time. A failure that a busy
    /// machine may have caused, such as one of time, stands for an hour. [`forget_probes`] clears
    /// them.
    ///
    /// Whoever can write to the directory can vouch for a plugin.
    ///
    /// [`forget_probes`]: crate::probe::forget_probes
    #[must_use]
    pub fn state_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.options.probe.state = Some(directory.into());
        self
    }
}
