//! `solti-host new`: a crate of a plugin, whole.

mod files;
mod name;
mod place;
mod sdk;
mod tasks;

use serde_json::json;

use crate::args::NewArgs;
use crate::exit::Exit;
use crate::present::{phrase, tables};
use files::Plan;
use sdk::Sdk;

/// Makes the crate, and says what to do next.
///
/// # Errors
///
/// When its name is none of a crate, the SDK is none, there is something at its place already, or it
/// cannot be written. Nothing is made then.
pub(super) fn new(args: &NewArgs) -> anyhow::Result<Exit> {
    let name = name::of(&args.path)?;
    let sdk = Sdk::find(args)?;
    let plan = Plan {
        name: &name,
        kind: &args.kind,
        blocking: args.blocking,
        sdk: &sdk,
    };
    let files = files::render(&plan);
    place::fill(&args.path, &files)?;
    let text = if args.json {
        let paths: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
        let made = json!({
            "name": name,
            "directory": args.path.to_string_lossy(),
            "kind": args.kind.name(),
            "sdk": sdk.place(),
            "files": paths,
        });
        serde_json::to_string_pretty(&made)?
    } else {
        next_steps(args, &name, &sdk)
    };
    tables::print(&text)?;
    Ok(Exit::Success)
}

/// What was made, and what to do with it.
fn next_steps(args: &NewArgs, name: &str, sdk: &Sdk) -> String {
    let shown = phrase::path(&args.path);
    let place = sdk.place();
    format!(
        "made the plugin {name} in {shown}, with the SDK of {place}\n\n  \
         cd {shown}\n  \
         cargo test        # the runner, and the built library in a real host\n  \
         solti-host run --plugins target/debug tasks.json\n\n\
         src/work.rs is what a task does"
    )
}
