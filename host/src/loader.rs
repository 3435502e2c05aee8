//! From the files of a directory to runners in a router.
//!
//! ```text
//! discover ─► policy ─► inspect ─► stage ─► probe ─► open ─► connect ─► register
//!   names     who may    bytes     sealed   another  dlopen   root      router
//!             write it              copy    process           module
//! ```
//!
//! A file is opened once, for the part of *policy* that needs only its owner and size, and read
//! once, into the bytes that everything after it is about. Who vouches for the bytes is asked after
//! *inspect*, which reads the name that a signature must be for.
//!
//! Up to *open* nothing of a plugin runs in this process. Each stage either passes a candidate on
//! or ends it with a [`LoadError`] that names what was found, what was expected and what to do; one
//! bad file never stops the next.

mod check;
mod connect;
mod digest;
mod discover;
mod error;
mod facts;
mod inspect;
mod open;
mod options;
mod plain;
mod policy;
mod prepare;
mod probe;
pub mod refusal;
mod register;
mod report;
mod shown;
mod side_by_side;
mod sidecar;
mod sonames;
mod stage;
mod survey;
mod tried;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::{info, warn};

use crate::router::RunnerRouter;
use crate::services::log::PluginLog;
use connect::Connection;
use options::{OnProgress, Settings};
use policy::{Policy, Sums};
use prepare::Ready;
use tried::{Sound, Tried};

pub use check::{CheckReport, Passed, PassedRunner};
pub use digest::Digest;
pub use error::{
    ConnectError, DirectoryRole, DiscoverError, InspectError, LoadDirError, LoadError, OpenError,
    Place, PolicyError, RegisterError, Stage, StageError,
};
pub use facts::{FileFacts, StageTimes};
pub use inspect::{GlibcVersion, Inspection, Problem, Requirements, inspect};
pub use policy::PublicKeyError;
pub use probe::{ProbeError, ProbeOutcome, RememberedProbe, forget_probes, probe_main};
pub use report::{LoadReport, LoadedPlugin, LoadedRunner, Rejected, SkipReason, Skipped};
pub use shown::{one_line, shown_path};
pub use survey::{Signature, Survey};

/// Loads every plugin of a directory into `router`, in the order of their file names.
///
/// The short form of [`PluginLoader::load_dir`] with the default options.
///
/// # Errors
///
/// [`LoadDirError`] when the directory itself cannot be read. A bad file is no error here: it is
/// listed in the report.
pub fn load_dir(
    path: impl AsRef<Path>,
    router: &mut RunnerRouter,
) -> Result<LoadReport, LoadDirError> {
    PluginLoader::new().load_dir(path, router)
}

/// Loads plugins, with options.
///
/// # What is refused
///
/// Whoever can write a plugin file runs code as the host, so by default
///
/// - the file and every directory above it belong to root or to the current user
///   ([`trust_owner`](Self::trust_owner), [`trust_any_owner`](Self::trust_any_owner)) and nobody else
///   can write to them ([`trust_writable`](Self::trust_writable)); above the plugin directory, a
///   directory like `/tmp` will do, where nobody can replace another's files;
/// - the file is not on a mount with the option `noexec` ([`allow_noexec`](Self::allow_noexec)), has
///   256 MiB at most ([`max_file_bytes`](Self::max_file_bytes)) and is no link out of the directory
///   ([`allow_links_outside`](Self::allow_links_outside));
/// - a file `SHA256SUMS` in the directory, where there is one, lists it with its digest;
/// - with a [`public_key`](Self::public_key), it is signed for this plugin and version.
///
/// What passes is copied to memory ([`stage_in`](Self::stage_in)), inspected there and loaded from
/// there: whatever is done to the file later cannot reach the running host.
///
/// A plugin runs with all the rights of this process. What would end or hang it while it is loaded
/// is found out by another process first, where this program can start one: see
/// [`probe_main`] and [`probe_with`](Self::probe_with).
///
/// # Examples
///
/// ```no_run
/// use serde_json::json;
/// use solti_plugin_host::{PluginLoader, RunnerRouter};
///
/// let mut router = RunnerRouter::new();
/// let report = PluginLoader::new()
///     .allow(["subprocess"])
///     .worker_threads(2)
///     .config("subprocess", json!({ "max_line_bytes": 4096 }))
///     .label("subprocess", "zone", "eu")
///     .load_dir("plugins", &mut router)?;
/// for rejected in report.rejected() {
///     eprintln!("{rejected}");
/// }
/// # Ok::<(), solti_plugin_host::LoadDirError>(())
/// ```
#[derive(Clone)]
pub struct PluginLoader {
    allowed: Option<HashSet<String>>,
    worker_threads: u32,
    by_plugin: HashMap<String, Settings>,
    log: Arc<dyn PluginLog>,
    on_progress: Option<Arc<OnProgress>>,
    policy: Policy,
    stage_in: Option<PathBuf>,
    probe: probe::ProbeOptions,
    max_panics: Option<NonZeroU64>,
}

/// How far a directory has been loaded.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    /// The file that is looked at next.
    pub file: &'a str,
    /// Files done before it.
    pub done: usize,
    /// Files in all.
    pub total: usize,
}

impl PluginLoader {
    /// Loads every plugin of the directory `path` into `router`, in the order of their file names.
    ///
    /// # Errors
    ///
    /// [`LoadDirError`] when the directory itself cannot be read. A bad file is no error here: it
    /// is listed in the report.
    pub fn load_dir(
        &self,
        path: impl AsRef<Path>,
        router: &mut RunnerRouter,
    ) -> Result<LoadReport, LoadDirError> {
        let directory = self.locate(path.as_ref())?;
        let found = discover::discover(&directory, &self.policy)?;
        let sums = Sums::of(&directory, &self.policy);
        let mut report = LoadReport::default();
        let mut seen = HashSet::new();
        self.try_all(found, &sums, |tried| match tried {
            Tried::Sound(sound) => {
                seen.extend([sound.ready.name.clone(), sound.ready.stamp.plugin.clone()]);
                self.load_sound(*sound, router, &mut report);
            }
            Tried::Rejected(rejected) => report.add_rejected(*rejected),
            Tried::Skipped(skipped) => report.add_skipped(skipped),
        });
        self.warn_of_unused_settings(&seen);
        info!(
            loaded = report.loaded().len(),
            rejected = report.rejected().len(),
            skipped = report.skipped().len(),
            "loaded the plugin directory {}",
            path.as_ref().display(),
        );
        Ok(report)
    }

    /// Finds a directory of plugins, and that of the copies; checks that only trusted users can put
    /// files into them.
    fn locate(&self, path: &Path) -> Result<PathBuf, LoadDirError> {
        let directory = self.locate_trusted(path, DirectoryRole::Plugins)?;
        if let Some(path) = &self.stage_in {
            let staging = self.locate_trusted(path, DirectoryRole::Staging)?;
            stage::remove_leftovers(&staging);
        }
        Ok(directory)
    }

    fn locate_trusted(&self, path: &Path, role: DirectoryRole) -> Result<PathBuf, LoadDirError> {
        let path = discover::locate(path, role)?;
        match self.policy.check_directories(&path) {
            Ok(()) => Ok(path),
            Err(source) => Err(LoadDirError::Untrusted { role, path, source }),
        }
    }

    /// Says which names in the host's own settings are nobody's: they may be mistyped.
    fn warn_of_unused_settings(&self, seen: &HashSet<String>) {
        let allowed = self.allowed.iter().flatten();
        let named: BTreeSet<_> = allowed.chain(self.by_plugin.keys()).collect();
        for name in named.into_iter().filter(|name| !seen.contains(*name)) {
            warn!("this host has settings for a plugin '{name}', and found none of that name");
        }
    }

    fn load_sound(&self, sound: Sound, router: &mut RunnerRouter, report: &mut LoadReport) {
        let Sound {
            candidate,
            ready,
            probe,
            mut facts,
        } = sound;
        let Ready {
            name,
            config,
            worker_threads,
            labels,
            stamp,
            requirements,
            staged,
        } = ready;
        let connect = |facts: &mut FileFacts| {
            register::check_name(&name, report.first_of(&name))?;
            // Whether what is open is the copy that was checked is a question of staging.
            facts.timed(Stage::Stage, || open::check_path(&staged.path))?;
            let opened = facts.timed(Stage::Open, || {
                open::open(staged, &candidate.file, &requirements)
            })?;
            facts.timed(Stage::Stage, || opened.check_identity())?;
            let module = facts.timed(Stage::Open, || opened.root_module())?;
            let connection = Connection {
                config,
                worker_threads,
                log: Arc::clone(&self.log),
            };
            let connected = facts.timed(Stage::Connect, || {
                connect::connect(module, &name, &stamp, connection, self.max_panics)
            })?;
            Ok(connected)
        };
        match connect(&mut facts) {
            Ok(connected) => report.add_loaded(register::register(
                &candidate, facts, name, &stamp, probe, connected, &labels, router,
            )),
            Err(error) => report.add_rejected(Rejected {
                file: candidate.file,
                error,
                facts,
            }),
        }
    }
}
