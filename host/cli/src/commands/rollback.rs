//! `solti-host rollback`: the version before takes the place of the one that is there.

use std::path::Path;

use anyhow::{anyhow, bail};

use crate::args::RollbackArgs;
use crate::exit::Exit;
use crate::flags::flag;
use crate::options;
use crate::pack::format;
use crate::pack::place::{self, PlaceError, RolledBack};
use crate::present::message;
use crate::present::phrase::path;
use crate::present::tables;

/// Rolls a plugin back and says how the program ends.
///
/// # Errors
///
/// When the directory or a key cannot be used, or no earlier version is kept.
pub(super) fn rollback(args: &RollbackArgs) -> anyhow::Result<Exit> {
    if let Some(fault) = format::fault_of_name(&args.plugin) {
        bail!("the plugin {:?} {fault}", args.plugin);
    }
    let loader = options::trusting(&args.trust)?;
    let directory = loader.trusts(&args.directory);
    let directory = directory.map_err(|err| anyhow!(err.sentence(flag)))?;
    let done = match place::rollback(&directory, &args.plugin, &loader) {
        Ok(done) => done,
        Err(err @ (PlaceError::Refused(_) | PlaceError::KeptDamaged { .. })) => {
            message::error(format_args!("{err}; nothing was changed"));
            return Ok(Exit::FileRejected);
        }
        Err(err) => return Err(err.into()),
    };
    Ok(Exit::of_printing(print(args, &directory, &done)))
}

fn print(args: &RollbackArgs, directory: &Path, done: &RolledBack) -> anyhow::Result<()> {
    if args.json {
        return tables::print(&serde_json::to_string_pretty(done)?);
    }
    let version = |version: &place::Version| {
        let text = version.version.as_deref().unwrap_or("another file");
        format!("{text} ({})", &version.sha256[..12])
    };
    let before = done.before.as_ref().map_or("nothing".to_owned(), version);
    tables::print(&format!(
        "{}/{}: {} {} is back in the place of {before}",
        path(directory),
        done.file,
        done.plugin,
        version(&done.now),
    ))
}
