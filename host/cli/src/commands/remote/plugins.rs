//! `solti-host plugins`: the plugins of a service.

use anstyle::AnsiColor;
use serde_json::Value;
use solti_plugin_client::{Client, in_path};
use solti_plugin_host::text::one_line;

use super::service::{sentence, with_service};
use crate::args::{PluginAction, PluginsArgs, ServiceArgs};
use crate::exit::Exit;
use crate::present::style::Colours;
use crate::present::tables::{self, Cell, Stream, Table};

/// Shows them, or changes them.
///
/// # Errors
///
/// When the service does not answer, or does not do what it was asked for.
pub(in crate::commands) fn plugins(args: &PluginsArgs) -> anyhow::Result<Exit> {
    match &args.action {
        None => list(args),
        Some(PluginAction::Reload { json, service }) => reload(service, *json),
        Some(PluginAction::Retire { name, service }) => change(service, name, "retire"),
        Some(PluginAction::Restore { name, service }) => change(service, name, "reinstate"),
    }
}

fn list(args: &PluginsArgs) -> anyhow::Result<Exit> {
    with_service(
        &args.service,
        || {},
        async |client| {
            let all: Value = client.get("/v1/plugins").await.map_err(sentence)?;
            let text = if args.json {
                serde_json::to_string_pretty(&all)?
            } else {
                shown(&all)
            };
            tables::print(&text)?;
            Ok(Exit::Success)
        },
    )
}

/// As `list` has it: 1 where a file was refused.
fn reload(service: &ServiceArgs, json: bool) -> anyhow::Result<Exit> {
    with_service(
        service,
        || {},
        async |client| {
            let posted = client.post("/v1/plugins/reload", "", &[]).await;
            let changes: Value = posted.map_err(sentence)?;
            let text = if json {
                serde_json::to_string_pretty(&changes)?
            } else {
                changed(&changes)
            };
            tables::print(&text)?;
            Ok(Exit::of_files(items(&changes, "refused").len()))
        },
    )
}

fn change(service: &ServiceArgs, name: &str, what: &str) -> anyhow::Result<Exit> {
    with_service(
        service,
        || {},
        async |client: Client| {
            let path = format!("/v1/plugins/{}/{what}", in_path(name));
            let plugin: Value = client.post(&path, "", &[]).await.map_err(sentence)?;
            tables::print(&format!("{}: {}", one_line(name), text(&plugin, "state")))?;
            Ok(Exit::Success)
        },
    )
}

/// The fields of an object that are texts or numbers.
fn text(value: &Value, field: &str) -> String {
    match &value[field] {
        Value::Null => String::new(),
        Value::String(text) => one_line(text).into_owned(),
        other => other.to_string(),
    }
}

fn items<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value[field].as_array().map_or(&[], Vec::as_slice)
}

fn shown(all: &Value) -> String {
    let colour = Colours::detect().stdout;
    let mut parts = vec![table(all, colour)];
    let mut refused = Table::new(colour, Stream::Stdout, &["refused", "stage", "reason"]);
    for file in items(all, "rejected") {
        refused.add_row([
            Cell::coloured(text(file, "file"), AnsiColor::Red),
            text(file, "stage").into(),
            text(file, "reason").into(),
        ]);
    }
    let mut departed = Table::new(
        colour,
        Stream::Stdout,
        &["replaced or gone", "version", "state", "active"],
    );
    for plugin in items(all, "departed") {
        departed.add_row(["name", "version", "state", "active"].map(|field| text(plugin, field)));
    }
    for table in [refused, departed] {
        if !table.is_empty() {
            parts.push(table.to_string());
        }
    }
    let images = &all["images"];
    parts.push(format!(
        "{} of {} images are open",
        text(images, "open"),
        text(images, "limit")
    ));
    parts.join("\n")
}

/// A line for each plugin in service.
pub(super) fn table(all: &Value, colour: bool) -> String {
    let names = &[
        "plugin",
        "version",
        "state",
        "kinds",
        "active",
        "succeeded",
        "failed",
        "panics",
        "last error",
    ];
    let mut table = Table::new(colour, Stream::Stdout, names)
        .with_numbers([4, 5, 6, 7])
        .wrapping(&[3, 8]);
    for plugin in items(all, "plugins") {
        let state = text(plugin, "state");
        let state = match state.as_str() {
            "active" => Cell::from(state),
            _ => Cell::coloured(state, AnsiColor::Red),
        };
        let kinds: Vec<_> = items(plugin, "runners")
            .iter()
            .flat_map(|runner| items(runner, "kinds"))
            .filter_map(Value::as_str)
            .map(|kind| one_line(kind).into_owned())
            .collect();
        let attempts = &plugin["attempts"];
        table.add_row([
            text(plugin, "name").into(),
            text(plugin, "version").into(),
            state,
            kinds.join(", ").into(),
            text(attempts, "active").into(),
            text(attempts, "succeeded").into(),
            text(attempts, "failed").into(),
            text(plugin, "panics").into(),
            text(&plugin["lastError"], "text").into(),
        ]);
    }
    if table.is_empty() {
        "no plugin is in service".to_owned()
    } else {
        table.to_string()
    }
}

/// What a look at the directory has changed, a line for each.
fn changed(changes: &Value) -> String {
    let mut lines = Vec::new();
    for word in ["added", "replaced", "renewed", "retired"] {
        for change in items(changes, word) {
            let version = text(change, "version");
            let version = match text(&change["before"], "version") {
                before if before.is_empty() => version,
                before => format!("{before} by {version}"),
            };
            let (plugin, file) = (text(change, "plugin"), text(change, "file"));
            lines.push(format!("{word} {plugin} {version} ({file})"));
        }
    }
    for file in items(changes, "refused") {
        lines.push(format!(
            "refused {}: {}",
            text(file, "file"),
            text(file, "reason")
        ));
    }
    if lines.is_empty() {
        lines.push("nothing has changed".to_owned());
    }
    lines.join("\n")
}
