//! `solti-host inspect`: all that can be known of a file without running it.

mod json;
mod text;

use solti_plugin_host::LoadError;
use solti_plugin_host::inspect::Examination;
use solti_plugin_host::refusal::sentence;

use crate::args::InspectArgs;
use crate::exit::Exit;
use crate::flags::flag;
use crate::options;
use crate::present::phrase::path;
use crate::present::tables;

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

/// Everything that speaks against loading a file, each on one line.
fn problems(examination: &Result<Examination, LoadError>) -> Vec<String> {
    let refusals = match examination {
        Err(err) => std::slice::from_ref(err),
        Ok(examination) => &examination.refusals,
    };
    refusals
        .iter()
        .flat_map(|err| {
            let parts = err.refusal().parts();
            if parts.is_empty() {
                vec![err.refusal()]
            } else {
                parts
            }
        })
        .map(|refusal| sentence(refusal, flag))
        .collect()
}
