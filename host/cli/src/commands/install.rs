//! `solti-host install`: the plugins of a pack come into a directory.

use anyhow::anyhow;
use serde_json::json;
use solti_plugin_host::inspect::Signature;
use solti_plugin_host::text::one_line;

use crate::args::InstallArgs;
use crate::exit::Exit;
use crate::flags::flag;
use crate::options;
use crate::pack::place::{self, Installed, PlaceError, Plan, SumsChange};
use crate::pack::read::{self, ReadError};
use crate::pack::verify;
use crate::present::message;
use crate::present::phrase::path;
use crate::present::tables;

/// Installs a pack and says how the program ends.
///
/// # Errors
///
/// When the directory or a key cannot be used, or the pack not be opened.
pub(super) fn install(args: &InstallArgs) -> anyhow::Result<Exit> {
    let loader = options::trusting(&args.trust)?;
    let directory = loader.trusts(&args.directory);
    let directory = directory.map_err(|err| anyhow!(err.sentence(flag)))?;
    let pack = path(&args.pack);
    let refused = |reason: anyhow::Error| {
        message::error(format_args!("{pack}: {reason:#}; nothing was installed"));
        Ok(Exit::FileRejected)
    };
    let members = match read::read(&args.pack, args.trust.max_file_bytes) {
        Ok(members) => members,
        Err(err @ ReadError::Unopened(_)) => return Err(anyhow::Error::from(err).context(pack)),
        Err(err) => return refused(err.into()),
    };
    let plugins = match verify::verify(members, &loader) {
        Ok(plugins) => plugins,
        Err(err) => return refused(err.into()),
    };
    let done = if args.dry_run {
        place::plan(&directory, &plugins)
    } else {
        place::install(&directory, &plugins, &loader)
    };
    match done {
        // It is done, whoever hears of it.
        Ok(plan) => Ok(Exit::of_printing(print(args, &plan))),
        Err(err @ PlaceError::Refused(_)) => refused(err.into()),
        Err(err) => Err(err.into()),
    }
}

fn print(args: &InstallArgs, plan: &Plan) -> anyhow::Result<()> {
    if args.json {
        let mut report = serde_json::to_value(plan)?;
        report["dry_run"] = json!(args.dry_run);
        return tables::print(&serde_json::to_string_pretty(&report)?);
    }
    let directory = path(&plan.directory);
    let mut lines: Vec<_> = plan.plugins.iter().map(|it| line(it, &directory)).collect();
    lines.push(match plan.sums {
        SumsChange::Updated => {
            format!("{directory}/SHA256SUMS: its lines are written, all others stay")
        }
        SumsChange::Begun => format!("{directory}/SHA256SUMS: begun"),
        SumsChange::None => format!(
            "{directory}/SHA256SUMS: none, and none is begun, which would refuse the other plugins"
        ),
    });
    if args.dry_run {
        lines.push("nothing was changed (--dry-run)".to_owned());
    }
    tables::print(&lines.join("\n"))
}

fn line(it: &Installed, directory: &str) -> String {
    let Installed {
        plugin,
        version,
        file,
        ..
    } = it;
    let signed = match &it.signature {
        Signature::Good { comment } => format!("signed: {}", one_line(comment)),
        Signature::Unchecked => "signed, which --public-key would check".to_owned(),
        _ => "not signed".to_owned(),
    };
    let change = match &it.replaces {
        _ if it.unchanged => "is there already".to_owned(),
        None => "is new".to_owned(),
        Some(old) => format!(
            "replaces {}, which is kept for `solti-host rollback {directory} {plugin}`",
            old.version.as_deref().unwrap_or("another file")
        ),
    };
    format!("{directory}/{file}: {plugin} {version} {change}; {signed}")
}
