//! From the files of a directory to runners in a router.
//!
//! ```text
//! discover ─► admit    ─► inspect ─► vouch    ─► stage  ─► probe    ─► open   ─► connect ─► register
//!   names     who may     what its   digest,     sealed    another     dlopen    runners    router
//!             write it    bytes say  signature   copy      process
//! ```
//!
//! | file | owns |
//! |---|---|
//! | `load`, `check`, `examine` | the three things that can be done with a file: through all stages, up to the probe, up to *vouch* |
//! | `renew` | the first of them again, for plugins that come and change while the host runs |
//! | `enter` | the stages in which the plugin itself runs |
//! | `pipeline` | the way of a file up to the probe, the same for all three; how many at a time |
//! | `options`, `builder` | what a host decides, as data for the stages; the methods that set it |
//! | one of each name above | a stage, with its error beside it (`staging` is the stage *stage*) |
//! | `error`, `report` | the errors of all stages as one; what became of each file |
//! | `refusal`, `stage`, `skip`, `digest`, `measure` | what all stages stand on |
//!
//! Up to *open* nothing of a plugin runs in this process. Each stage either passes a file on or
//! refuses it with what was found and what to do; one bad file never stops the next.

pub(crate) mod builder;

mod check;
pub(crate) mod enter;
mod examine;
mod load;
pub(crate) mod renew;

pub(crate) mod pipeline;

pub(crate) mod error;
pub(crate) mod report;

pub(crate) mod admit;
pub(crate) mod connect;
pub(crate) mod discover;
pub(crate) mod inspect;
pub(crate) mod open;
pub(crate) mod probe;
pub(crate) mod register;
pub(crate) mod staging;
pub(crate) mod vouch;

pub(crate) mod digest;
pub(crate) mod measure;
pub(crate) mod options;
pub(crate) mod refusal;
pub(crate) mod skip;
pub(crate) mod stage;

use std::path::{Path, PathBuf};

pub use examine::Examination;

use crate::router::RunnerRouter;
use error::{LoadDirError, LoadError};
use options::Options;
use report::{CheckReport, LoadReport};

/// Loads every plugin of a directory into `router`, in the order of their file names.
///
/// The short form of [`PluginLoader::load_dir`] with the default options, and as long to wait for.
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
/// What passes is copied to memory ([`stage_in`](Self::stage_in)) and loaded from there: whatever is
/// done to the file later cannot reach the running host.
///
/// A plugin runs with all the rights of this process. What would end or hang it while it is loaded
/// is found out by another process first, where this program can start one: see
/// [`probe_main`](crate::probe_main) and [`probe_with`](Self::probe_with).
///
/// # Examples
///
/// ```no_run
/// use std::num::NonZero;
///
/// use serde_json::json;
/// use solti_plugin_host::{PluginLoader, RunnerRouter};
///
/// let mut router = RunnerRouter::new();
/// let report = PluginLoader::new()
///     .allow(["subprocess"])
///     .max_panics(const { NonZero::new(3).unwrap() })
///     .config("subprocess", json!({ "max_line_bytes": 4096 }))?
///     .label("subprocess", "zone", "eu")
///     .load_dir("plugins", &mut router)?;
/// for rejected in report.rejected() {
///     eprintln!("{rejected}");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct PluginLoader {
    options: Options,
}

impl PluginLoader {
    /// Makes a loader that loads every plugin, with as many worker threads as each asks for, logging to
    /// `tracing`.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Loads every plugin of the directory `path` into `router`, in the order of their file names.
    ///
    /// It blocks until every file has been looked at. A file takes as long as reading it, plus a
    /// process that probes it, where plugins are probed: that one ends after
    /// [`probe_time`](Self::probe_time) at the latest, and as many run at a time as there are
    /// processors, two to eight. Then the plugin's constructor runs in this process, and nothing
    /// limits its time there. An asynchronous program calls this where it may block, as in
    /// [`spawn_blocking`](https://docs.rs/tokio/latest/tokio/task/fn.spawn_blocking.html).
    ///
    /// # Errors
    ///
    /// [`LoadDirError`] when the directory itself cannot be read or is not trusted. A bad file is no
    /// error here: it is listed in the report.
    pub fn load_dir(
        &self,
        path: impl AsRef<Path>,
        router: &mut RunnerRouter,
    ) -> Result<LoadReport, LoadDirError> {
        load::load_dir(&self.options, path.as_ref(), router)
    }

    /// Does all with a directory, or with one file, that is done before a plugin is opened in this
    /// process, and nothing more: no plugin of it is loaded.
    ///
    /// A sound file is skipped all the same when a host would leave it alone for its name.
    ///
    /// It blocks as [`load_dir`](Self::load_dir) does, but for the constructors, which run only in
    /// the processes that probe: a file takes as long as reading it and
    /// [`probe_time`](Self::probe_time) at most.
    ///
    /// # Errors
    ///
    /// [`LoadDirError`] when `path`, or the directory it is in, cannot be read or is not trusted. A
    /// bad file is no error here: it is listed in the report.
    pub fn check(&self, path: impl AsRef<Path>) -> Result<CheckReport, LoadDirError> {
        check::check(&self.options, path.as_ref())
    }

    /// Finds the directory `path`, and checks that only trusted users can put files into it; its absolute
    /// path, without links. No file of it is looked at.
    ///
    /// # Errors
    ///
    /// [`LoadDirError`] when it cannot be read or is not trusted.
    pub fn trusts(&self, path: impl AsRef<Path>) -> Result<PathBuf, LoadDirError> {
        let pipeline = pipeline::Pipeline::trusted(&self.options, path.as_ref())?;
        Ok(pipeline.directory().to_owned())
    }

    /// Finds out all that can be known of a file without running it, whether it may be loaded or
    /// not.
    ///
    /// It blocks for as long as reading the file and what is beside it takes.
    ///
    /// # Errors
    ///
    /// [`LoadError`] when the file cannot be read, is no regular file, or is larger than
    /// [`max_file_bytes`](Self::max_file_bytes).
    pub fn inspect(&self, path: impl AsRef<Path>) -> Result<Examination, LoadError> {
        examine::examine(&self.options, path.as_ref())
    }
}
