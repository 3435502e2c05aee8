//! `solti-host man`: the help as man pages.

use anyhow::Context as _;
use clap::CommandFactory as _;

use crate::args::{Args, ManArgs};
use crate::exit::Exit;

/// Writes the pages and says how the program ends.
///
/// # Errors
///
/// When one cannot be written.
pub(super) fn man(args: &ManArgs) -> anyhow::Result<Exit> {
    clap_mangen::generate_to(Args::command(), &args.directory).with_context(|| {
        format!(
            "the man pages cannot be written to {}",
            args.directory.display()
        )
    })?;
    Ok(Exit::Success)
}
