//! `solti-host config`: what can be set for a plugin.

use std::fs::{self, File};
use std::io::Write as _;
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
    let mut created = File::create_new(file).with_context(|| format!("cannot write {shown}"))?;
    let written = created
        .write_all(text.as_bytes())
        .and_then(|()| created.sync_all());
    if written.is_err() {
        // What is half there would be read.
        fs::remove_file(file).ok();
    }
    written.with_context(|| format!("cannot write {shown}"))?;
    tables::print(&format!("wrote {shown}"))?;
    Ok(())
}
