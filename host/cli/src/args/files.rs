//! The arguments of the commands about plugin files.

use std::path::PathBuf;

use super::loading::LoadArgs;
use super::trust::TrustArgs;

/// Show what the plugins of a directory offer, in routing order, and what is rejected and why
///
/// With --verbose also what can be set for each plugin.
///
/// Exit code: 0 if no file was rejected; 1 if one was, or if the metrics could not be written; 2 if
/// the directory cannot be used.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// The directory of the plugins
    #[arg(value_name = "DIR", env = "SOLTI_PLUGINS")]
    pub(crate) directory: PathBuf,

    /// Write metrics to this file, in Prometheus' text format; the file is replaced as a whole
    #[arg(long, value_name = "FILE")]
    pub(crate) metrics: Option<PathBuf>,

    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,

    // The last, for its options have headings of their own.
    #[command(flatten)]
    pub(crate) loading: LoadArgs,
}

/// Show everything that can be known of plugin files without running them
///
/// What they are, what they offer and need, who vouches for them, and everything that keeps them
/// from being loaded here.
///
/// Exit code: 0 if nothing keeps a file from being loaded, 1 if something does.
#[derive(Debug, clap::Args)]
pub(crate) struct InspectArgs {
    /// The files
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// Print an array of objects as JSON
    #[arg(long)]
    pub(crate) json: bool,

    // The last, for its options have a heading of their own.
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
}

/// Write what can be set for a plugin, as a sidecar in which everything is commented out
///
/// It is what the file itself says; nothing of the plugin runs. A plugin finds its sidecar beside it:
/// `solti-host config foo.so > foo.toml`.
///
/// Exit code: 0, or 1 if the file cannot be read or does not say what can be set.
#[derive(Debug, clap::Args)]
pub(crate) struct ConfigArgs {
    /// The plugin's file
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Write it beside the plugin, unless there is a sidecar already
    #[arg(long, conflicts_with = "json")]
    pub(crate) write: bool,

    /// Print what can be set as JSON Schema
    #[arg(long)]
    pub(crate) json: bool,
}

/// Check plugins in every way a host does before it loads them, but load none
///
/// A directory is checked as a host would load it: in the order of its files, against its
/// SHA256SUMS, and for plugins with the same name.
///
/// Exit code: 0 if no file was rejected; 1 if one was, or if the metrics could not be written; 2 if
/// a directory could not be checked.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// Plugin directories, or single files
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// Print nothing if no file is rejected, and only those that are
    #[arg(short, long, conflicts_with = "json")]
    pub(crate) quiet: bool,

    /// Write metrics to this file, in Prometheus' text format; the file is replaced as a whole.
    /// Nothing is written if a directory could not be checked
    #[arg(long, value_name = "FILE")]
    pub(crate) metrics: Option<PathBuf>,

    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,

    // The last, for its options have headings of their own.
    #[command(flatten)]
    pub(crate) loading: LoadArgs,
}

/// Forget what probes have found, so that plugins are probed again when they are next loaded
///
/// Exit code: 0 if everything named was forgotten; 1 if nothing was known of a FILE or DIGEST; 2 if
/// one is neither, or the directory cannot be used.
#[derive(Debug, clap::Args)]
pub(crate) struct ForgetArgs {
    /// The directory that --state named when the plugins were loaded
    #[arg(long, value_name = "DIR", env = "SOLTI_STATE")]
    pub(crate) state: PathBuf,

    /// Plugin files, or the first 8 or more hex digits of their SHA-256 digests [default: all]
    #[arg(value_name = "FILE|DIGEST")]
    pub(crate) which: Vec<PathBuf>,
}
