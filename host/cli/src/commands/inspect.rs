//! `solti-host inspect`: all that can be known of a file without running it.

mod json;
mod text;

use solti_plugin_host::{LoadError, Survey, one_line, shown_path};

use crate::args::InspectArgs;
use crate::exit::Exit;
use crate::options;
use crate::present::tables;

/// Prints what is known of the files and says how the program ends.
///
/// # Errors
///
/// When a public key cannot be read or the text not be written.
pub(super) fn inspect(args: &InspectArgs) -> anyhow::Result<Exit> {
    let loader = options::trusting(&args.trust)?;
    let surveys: Vec<_> = args
        .files
        .iter()
        .map(|path| (shown_path(path), loader.survey(path)))
        .collect();
    let text = if args.json {
        let objects: Vec<_> = surveys.iter().map(json::object).collect();
        serde_json::to_string_pretty(&objects)?
    } else {
        let parts: Vec<_> = surveys.iter().map(text::shown).collect();
        parts.join("\n\n")
    };
    tables::print(&text)?;
    let rejected = surveys
        .iter()
        .filter(|(_, survey)| !complaints(survey).is_empty());
    Ok(Exit::of_files(rejected.count()))
}

/// Everything that speaks against loading a file, each on one line.
fn complaints(survey: &Result<Survey, LoadError>) -> Vec<String> {
    let said: Vec<_> = match survey {
        Err(err) => vec![err.to_string()],
        Ok(survey) => {
            let problems = survey.inspection.problems.iter();
            let refused = survey.refused.iter();
            problems
                .map(ToString::to_string)
                .chain(refused.map(ToString::to_string))
                .collect()
        }
    };
    said.iter().map(|text| one_line(text)).collect()
}
