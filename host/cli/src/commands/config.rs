//! `solti-host config`: what can be set for a plugin.

use std::fs::Permissions;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use solti_plugin_host::PluginLoader;
use solti_plugin_host::refusal::sentences;

use crate::args::ConfigArgs;
use crate::exit::Exit;
use crate::flags::flag;
use crate::present::phrase::path;
use crate::present::{message, sidecar, tables};

/// Prints or writes what can be set, and says how the program ends.
///
/// # Errors
///
/// When there is a sidecar already, or one cannot be written.
pub(super) fn config(args: &ConfigArgs) -> anyhow::Result<Exit> {
    let examined = PluginLoader::new().inspect(&args.file);
    let refusal = match &examined {
        Ok(examination) if examination.inspection.stamp.is_some() => None,
        Ok(examination) => examination.refusals.first(),
        Err(err) => Some(err),
    };
    if let Some(err) = refusal {
        for said in sentences(err.refusal(), flag) {
            message::error(format_args!("{}: {said}", path(&args.file)));
        }
        return Ok(Exit::FileRejected);
    }
    let stamp = examined
        .ok()
        .and_then(|examination| examination.inspection.stamp);
    let Some(stamp) = &stamp else {
        bail!("{}: it has no stamp", path(&args.file));
    };
    if args.json {
        let Some(schema) = &stamp.config else {
            message::error(format_args!(
                "{}: the file does not say what can be set: see its documentation",
                path(&args.file)
            ));
            return Ok(Exit::FileRejected);
        };
        tables::print(&serde_json::to_string_pretty(schema)?)?;
        return Ok(Exit::Success);
    }
    let text = sidecar::of(stamp);
    if args.write {
        write_new(&args.file.with_extension("toml"), &text)?;
    } else {
        tables::print(text.trim_end())?;
    }
    Ok(match stamp.config {
        Some(_) => Exit::Success,
        None => Exit::FileRejected,
    })
}

/// Writes a file that was not there: as a whole, or not at all.
fn write_new(file: &Path, text: &str) -> anyhow::Result<()> {
    let shown = path(file);
    if file.symlink_metadata().is_ok() {
        bail!("{shown} is there already; print it without --write, and compare");
    }
    // A service that looks meanwhile is to see all of it, or nothing.
    let directory = file.parent().filter(|it| !it.as_os_str().is_empty());
    let whole = || -> io::Result<()> {
        let mut written = tempfile::Builder::new()
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(directory.unwrap_or(Path::new(".")))?;
        written.write_all(text.as_bytes())?;
        written.as_file().sync_all()?;
        written.persist_noclobber(file)?;
        Ok(())
    };
    whole().with_context(|| format!("cannot write {shown}"))?;
    tables::print(&format!("wrote {shown}"))?;
    Ok(())
}
