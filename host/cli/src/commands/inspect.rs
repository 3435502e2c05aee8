//! `solti-host inspect`: all that can be known of a file without running it.

mod json;
mod problems;
mod text;

use crate::args::InspectArgs;
use crate::exit::Exit;
use crate::options;
use crate::present::phrase::path;
use crate::present::tables;
use problems::problems;

/// Prints what is known of the files and says how the program ends.
///
/// # Errors
///
/// When a public key cannot be read or the text not be written.
pub(super) fn inspect(args: &InspectArgs) -> anyhow::Result<Exit> {
    let loader = options::trusting(&args.trust)?;
    let examined: Vec<_> = args
        .files
        .iter()
        .map(|file| (path(file), loader.inspect(file)))
        .collect();
    let text = if args.json {
        let objects: Vec<_> = examined.iter().map(json::object).collect();
        serde_json::to_string_pretty(&objects)?
    } else {
        let parts: Vec<_> = examined.iter().map(text::shown).collect();
        parts.join("\n\n")
    };
    tables::print(&text)?;
    let rejected = examined
        .iter()
        .filter(|(_, examination)| !problems(examination).is_empty());
    Ok(Exit::of_files(rejected.count()))
}
