//! The arguments of the commands about plugin files.

use std::path::PathBuf;

use super::{LoadArgs, TrustArgs};

/// Show what a directory's plugins offer, in routing order, and what is rejected and why.
///
/// The exit code is 1 when a file was rejected.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// The directory of the plugins
    #[arg(value_name = "DIR", env = "SOLTI_PLUGINS")]
    pub(crate) directory: PathBuf,

    #[command(flatten)]
    pub(crate) loading: LoadArgs,

    /// Write metrics to this file, in Prometheus' text format; it is replaced as a whole
    #[arg(long, value_name = "FILE")]
    pub(crate) metrics: Option<PathBuf>,

    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Show all that can be known of plugin files without running them.
///
/// What they are, what they offer, what they need, who vouches for them, and everything that speaks
/// against loading them here. The exit code is 1 when anything does.
#[derive(Debug, clap::Args)]
pub(crate) struct InspectArgs {
    /// The files
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) trust: TrustArgs,

    /// Print an array of objects as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Do all that is done with plugins before they become part of a host, and load none.
///
/// A directory is checked as a host would load it: the order of its files, its SHA256SUMS, plugins
/// that have one name. The exit code is 1 when a file was rejected, 2 when a directory could not be
/// checked.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// Plugin directories, or single files
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) loading: LoadArgs,

    /// Write metrics to this file, in Prometheus' text format; it is replaced as a whole
    #[arg(long, value_name = "FILE")]
    pub(crate) metrics: Option<PathBuf>,

    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Forget what probes have found, so that the plugins are probed again when they are next loaded.
///
/// The exit code is 1 when nothing was remembered of a FILE or DIGEST.
#[derive(Debug, clap::Args)]
pub(crate) struct ForgetArgs {
    /// The directory where it is kept
    #[arg(long, value_name = "DIR", env = "SOLTI_STATE")]
    pub(crate) state: PathBuf,

    /// Plugin files, or digests of plugin files or their first 8 digits [default: all]
    #[arg(value_name = "FILE|DIGEST")]
    pub(crate) which: Vec<PathBuf>,
}
