//! The arguments of the commands that ship plugins.

use std::path::PathBuf;

use super::trust::TrustArgs;

/// Make one file of plugins, which `install` puts in place
///
/// Each library is stripped and examined as a host would; with it go its line for SHA256SUMS, a
/// README, a sidecar example and, with --key, a signature. The same input makes the same bytes,
/// but for signatures.
///
/// Exit code: 0 if the pack was made; 1 if a library would be refused; 2 if nothing could be done.
#[derive(Debug, clap::Args)]
pub(crate) struct PackArgs {
    /// The libraries, as cargo builds them
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// Write the pack to this file, replaced as a whole [default: NAME-VERSION-TARGET.tar.zst, for
    /// one plugin]
    #[arg(short, long, value_name = "PACK")]
    pub(crate) output: Option<PathBuf>,

    /// The README of the plugin, for one plugin [default: README.md beside the library, or else what
    /// the library says of itself]
    #[arg(long, value_name = "README")]
    pub(crate) readme: Option<PathBuf>,

    /// Sign with this secret key of minisign
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<PathBuf>,

    /// The file whose first line is the password of the key, where it has one
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) password_file: Option<PathBuf>,

    /// Print what was packed as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Put the plugins of a pack into a directory, all at once
///
/// Everything is verified first: the names in the pack, digests, signatures with --public-key, the
/// machine, and what a host would say of each library. What is there already is replaced, and the
/// version before is kept for `rollback`. Sidecars are never touched. A service that watches the
/// directory takes the new version at once.
///
/// Exit code: 0 if all was installed; 1 if the pack or a library is refused; 2 if the directory or
/// the pack cannot be used.
#[derive(Debug, clap::Args)]
pub(crate) struct InstallArgs {
    /// The pack
    #[arg(value_name = "PACK")]
    pub(crate) pack: PathBuf,

    /// The directory of the plugins
    #[arg(value_name = "DIR", env = "SOLTI_PLUGINS")]
    pub(crate) directory: PathBuf,

    /// Verify the pack and print what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Print what is done as JSON
    #[arg(long)]
    pub(crate) json: bool,

    // The last, for its options have a heading of their own.
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
}

/// Put the version of a plugin back that `install` has replaced last
///
/// The version that is there is kept in its place, so that a second rollback brings it back.
///
/// Exit code: 0 if it was put back; 1 if the version that was kept is refused; 2 if none is kept, or
/// the directory cannot be used.
#[derive(Debug, clap::Args)]
pub(crate) struct RollbackArgs {
    /// The directory of the plugins
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,

    /// The name of the plugin
    #[arg(value_name = "PLUGIN")]
    pub(crate) plugin: String,

    /// Print what is done as JSON
    #[arg(long)]
    pub(crate) json: bool,

    // The last, for its options have a heading of their own.
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
}
