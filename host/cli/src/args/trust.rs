//! The arguments about which files may be loaded.

use std::path::PathBuf;

/// Which files may be loaded.
///
/// By default a plugin, and every directory above it, belongs to root or to the current user, nobody
/// else can write to it, it is no link out of its directory, and it is not on a noexec mount.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Which files may be loaded")]
pub(crate) struct TrustArgs {
    /// Load files of this user as well; may be given several times
    #[arg(long, value_name = "UID")]
    pub(crate) trust_owner: Vec<u32>,

    /// Load files whoever owns them
    #[arg(long)]
    pub(crate) trust_any_owner: bool,

    /// Load files that others than their owner can change
    #[arg(long)]
    pub(crate) trust_writable: bool,

    /// Load files from a mount with the option noexec
    #[arg(long)]
    pub(crate) allow_noexec: bool,

    /// Follow links that lead out of the plugin directory
    #[arg(long)]
    pub(crate) allow_links_outside: bool,

    /// Refuse files above this size unread [default: 256 MiB]
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_file_bytes: Option<u64>,

    /// Load only files signed with this minisign key, a file or the key itself; may be given
    /// several times
    #[arg(long, value_name = "KEY")]
    pub(crate) public_key: Vec<String>,

    /// Stage plugins as files of this directory instead of in memory
    #[arg(long, value_name = "DIR")]
    pub(crate) stage_in: Option<PathBuf>,
}
