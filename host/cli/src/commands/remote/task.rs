//! `solti-host task`: one task, with its attempts.

use std::fmt::Write as _;

use serde_json::Value;
use solti_plugin_client::in_path;
use solti_plugin_host::text::one_line;

use super::service::{sentence, with_service};
use super::tasks::phase;
use super::view::{Task, ago, number, span, time};
use crate::args::TaskArgs;
use crate::exit::Exit;
use crate::present::style::Colours;
use crate::present::tables::{self, Cell, Stream, Table};

/// Shows it.
///
/// # Errors
///
/// When the service does not answer, or has no such task.
pub(in crate::commands) fn task(args: &TaskArgs) -> anyhow::Result<Exit> {
    with_service(
        &args.service,
        || {},
        async |client| {
            let path = format!("/v1/tasks/{}", in_path(&args.name));
            let task: Value = client.get(&path).await.map_err(sentence)?;
            let text = if args.json {
                serde_json::to_string_pretty(&task)?
            } else {
                shown(&serde_json::from_value(task)?)
            };
            tables::print(&text)?;
            Ok(Exit::Success)
        },
    )
}

pub(super) fn shown(task: &Task) -> String {
    let mut text = String::new();
    let mut field = |name: &str, value: &str| {
        if !value.is_empty() {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{name:<12} {}", one_line(value));
        }
    };
    field("name", &task.name);
    field("phase", &task.phase);
    field("slot", &task.slot);
    field("kind", &task.kind);
    field("plugin", &task.plugins.join(", "));
    let labels: Vec<_> = task
        .labels
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    field("labels", &labels.join(", "));
    field("created", &with_ago(&task.created));
    field(
        "ended",
        &task.ended.as_deref().map(with_ago).unwrap_or_default(),
    );
    field("took", &span(task.took()));
    field("attempts", &task.attempts.to_string());
    field("exit code", &number(task.exit_code));
    field("error", task.error.as_deref().unwrap_or_default());
    field("retry of", task.retry_of.as_deref().unwrap_or_default());
    for interruption in &task.interruptions {
        let then = format!(
            "{}, then {}",
            with_ago(&interruption.found),
            interruption.then
        );
        field("interrupted", &then);
    }
    if task.runs.is_empty() {
        return text.trim_end().to_owned();
    }
    let names = &["attempt", "phase", "started", "took", "exit", "error"];
    let colour = Colours::detect().stdout;
    let mut table = Table::new(colour, Stream::Stdout, names).with_numbers([0, 3, 4]);
    for run in &task.runs {
        let took = time(&run.started).zip(run.finished.as_deref().and_then(time));
        let took = took.and_then(|(from, to)| to.duration_since(from).ok());
        table.add_row([
            Cell::from(run.attempt.to_string()),
            phase(&run.phase),
            run.started.clone().into(),
            span(took).into(),
            number(run.exit_code).into(),
            one_line(run.error.as_deref().unwrap_or_default())
                .into_owned()
                .into(),
        ]);
    }
    if (task.attempts as usize) > task.runs.len() {
        let _ = writeln!(text, "\nthe last {} attempts:", task.runs.len());
    }
    format!("{text}{table}")
}

fn with_ago(time: &str) -> String {
    match ago(time).as_str() {
        "" => time.to_owned(),
        ago => format!("{time} ({ago} ago)"),
    }
}
