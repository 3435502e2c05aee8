//! `solti-host inspect`: all that can be known of a file without running it.

mod examined;
mod json;
mod text;

use super::check::of_specs;
use solti_plugin_host::specs;

use crate::args::InspectArgs;
use crate::exit::Exit;
use crate::options;
use crate::present::{message, tables};
use examined::ExaminedFile;

/// Prints what is known of the files and says how the program ends.
///
/// # Errors
///
/// When a public key cannot be used, or standard output cannot be written.
pub(super) fn inspect(args: &InspectArgs) -> anyhow::Result<Exit> {
    let loader = options::trusting(&args.trust)?;
    let (specs, files): (Vec<_>, Vec<_>) = args.files.iter().partition(|file| specs::are_in(file));
    for file in &specs {
        message::error(of_specs(file));
    }
    let files = files.into_iter();
    let files: Vec<_> = files
        .map(|path| ExaminedFile::examine(&loader, path))
        .collect();
    let text = if args.json {
        let objects: Vec<_> = files.iter().map(json::object).collect();
        serde_json::to_string_pretty(&objects)?
    } else {
        let parts: Vec<_> = files.iter().map(text::lines).collect();
        parts.join("\n\n")
    };
    if !files.is_empty() || specs.is_empty() {
        tables::print(&text)?;
    }
    let with_problems = files.iter().filter(|file| !file.problems.is_empty());
    Ok(Exit::of_files(with_problems.count() + specs.len()))
}
