//! `solti-host tasks`: the tasks of a service.

use anstyle::AnsiColor;
use serde_json::Value;
use solti_plugin_client::{Client, with_query};
use solti_plugin_host::text::one_line;

use super::service::{sentence, with_service};
use super::view::{Task, TaskList, ago, number, span};
use crate::args::TasksArgs;
use crate::exit::Exit;
use crate::present::style::Colours;
use crate::present::tables::{self, Cell, Stream, Table};

/// How many are asked for at once.
const PAGE: usize = 500;

/// Lists them.
///
/// # Errors
///
/// When the service does not answer.
pub(in crate::commands) fn tasks(args: &TasksArgs) -> anyhow::Result<Exit> {
    with_service(
        &args.service,
        || {},
        async |client| {
            let found = all(&client, args).await?;
            if args.json {
                for task in &found {
                    tables::print(&task.to_string())?;
                }
                return Ok(Exit::Success);
            }
            let tasks = found.into_iter().map(serde_json::from_value);
            let tasks: Vec<Task> = tasks.collect::<Result<_, _>>()?;
            let mut table = table(&tasks);
            if tasks.is_empty() {
                table = "there are no such tasks".to_owned();
            }
            tables::print(&table)?;
            Ok(Exit::Success)
        },
    )
}

async fn all(client: &Client, args: &TasksArgs) -> anyhow::Result<Vec<Value>> {
    let limit = if args.limit == 0 {
        usize::MAX
    } else {
        args.limit
    };
    let mut found = Vec::new();
    let mut before = None;
    while found.len() < limit {
        let mut query = vec![("limit", (limit - found.len()).min(PAGE).to_string())];
        query.extend(before.map(|before: u64| ("before", before.to_string())));
        for (name, value) in [
            ("slot", &args.slot),
            ("prefix", &args.prefix),
            ("kind", &args.kind),
            ("plugin", &args.plugin),
        ] {
            query.extend(value.clone().map(|value| (name, value)));
        }
        if !args.phase.is_empty() {
            query.push(("phase", args.phase.join(",")));
        }
        for (key, value) in &args.label {
            query.push(("label", format!("{key}={value}")));
        }
        let path = with_query("/v1/tasks", query);
        let list: TaskList<Value> = client.get(&path).await.map_err(sentence)?;
        found.extend(list.tasks);
        before = list.next;
        if before.is_none() {
            break;
        }
    }
    Ok(found)
}

/// A line for each.
pub(super) fn table(tasks: &[Task]) -> String {
    let names = &[
        "name", "phase", "slot", "kind", "age", "took", "attempts", "exit", "error",
    ];
    let colour = Colours::detect().stdout;
    let mut table = Table::new(colour, Stream::Stdout, names).with_numbers([4, 5, 6, 7]);
    for task in tasks {
        let error = task.error.as_deref().unwrap_or_default();
        table.add_row([
            Cell::from(one_line(&task.name).into_owned()),
            phase(&task.phase),
            one_line(&task.slot).into_owned().into(),
            one_line(&task.kind).into_owned().into(),
            ago(&task.created).into(),
            span(task.took()).into(),
            task.attempts.to_string().into(),
            number(task.exit_code).into(),
            one_line(error).into_owned().into(),
        ]);
    }
    table.to_string()
}

/// A phase, in its colour.
pub(super) fn phase(phase: &str) -> Cell {
    match phase {
        "succeeded" => Cell::coloured(phase, AnsiColor::Green),
        "failed" | "timeout" | "interrupted" => Cell::coloured(phase, AnsiColor::Red),
        "running" => Cell::coloured(phase, AnsiColor::Cyan),
        "canceled" => Cell::coloured(phase, AnsiColor::Yellow),
        _ => phase.to_owned().into(),
    }
}
