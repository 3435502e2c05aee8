//! The arguments about which files may be loaded.

use std::path::PathBuf;

use solti_plugin_host::options::DEFAULT_MAX_FILE_BYTES;

use super::bounds;

/// Which files may be loaded.
///
/// By default a plugin and every directory above it must belong to root or to the current user, and
/// nobody else may be able to write to them; the plugin must not be a link out of its directory, and
/// must not be on a noexec mount.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Which files may be loaded")]
pub(crate) struct TrustArgs {
    /// Also load files that this user owns; may be given several times
    #[arg(long, value_name = "UID", value_parser = bounds::user)]
    pub(crate) trust_owner: Vec<u32>,

    /// Load files whoever owns them
    #[arg(long)]
    pub(crate) trust_any_owner: bool,

    /// Load files that users other than their owner can write to
    #[arg(long)]
    pub(crate) trust_writable: bool,

    /// Load files from a noexec mount
    #[arg(long)]
    pub(crate) allow_noexec: bool,

    /// Follow links that lead out of the plugin directory
    #[arg(long)]
    pub(crate) allow_links_outside: bool,

    /// Refuse larger files without reading them; 1000 to 1099511627776, the default is 256 MiB
    #[arg(
        long,
        value_name = "BYTES",
        default_value_t = DEFAULT_MAX_FILE_BYTES,
        value_parser = bounds::number::<u64>(bounds::FILE_BYTES)
    )]
    pub(crate) max_file_bytes: u64,

    /// Load only files that are listed in SHA256SUMS beside them: without that list none is loaded
    #[arg(long)]
    pub(crate) require_sums: bool,

    /// Load only files that are signed with this minisign key: the path of a .pub file that only
    /// trusted users can change, or the key itself; may be given several times
    #[arg(long, value_name = "KEY")]
    pub(crate) public_key: Vec<String>,

    /// Stage plugins as files in this directory instead of in memory
    #[arg(long, value_name = "DIR")]
    pub(crate) stage_in: Option<PathBuf>,
}
