//! `solti-host queue status`: what waits and runs, the hosts, and the dead letters.

use std::time::Duration;

use solti_plugin_host::text::one_line;
use solti_plugin_queue::{Queue, Status};

use crate::exit::Exit;
use crate::present::phrase;
use crate::present::style::Colours;
use crate::present::tables::{self, Cell, Stream, Table};

/// Shows it.
pub(super) async fn status(queue: &Queue, is_json: bool) -> anyhow::Result<Exit> {
    let status = queue.status().await?;
    if is_json {
        tables::print(&serde_json::to_string_pretty(&status)?)?;
        return Ok(Exit::Success);
    }
    tables::print(&depths(&status))?;
    tables::print(&hosts(&status))?;
    if !status.dead.is_empty() {
        tables::print(&dead(&status))?;
        let more = status.dead_letters.saturating_sub(status.dead.len() as u64);
        if more > 0 {
            tables::print(&format!("and {more} older ones"))?;
        }
    }
    Ok(Exit::Success)
}

fn table(names: &[&'static str]) -> Table {
    Table::new(Colours::detect().stdout, Stream::Stdout, names)
}

fn depths(status: &Status) -> String {
    if status.depths.is_empty() {
        return "no task was ever put into this queue".to_owned();
    }
    let names = [
        "kind", "selector", "waiting", "running", "again", "oldest", "hosts",
    ];
    let mut table = table(&names).with_numbers([2, 3, 4, 5, 6]);
    for depth in &status.depths {
        let selector = match &depth.need.selector {
            serde_json::Value::Null => String::new(),
            selector => selector.to_string(),
        };
        let oldest = depth
            .oldest
            .map(|it| phrase::duration(Duration::from_millis(it)));
        table.add_row([
            Cell::from(one_line(&depth.need.kind).into_owned()),
            one_line(&selector).into_owned().into(),
            depth.waiting.to_string().into(),
            depth.running.to_string().into(),
            depth.redelivered.to_string().into(),
            oldest.unwrap_or_default().into(),
            depth.hosts.to_string().into(),
        ]);
    }
    table.to_string()
}

fn hosts(status: &Status) -> String {
    if status.hosts.is_empty() {
        return "no host takes tasks of this queue".to_owned();
    }
    let mut table = table(&["host", "running", "jobs", "plugins", "kinds"]).with_numbers([1, 2]);
    for host in &status.hosts {
        let plugins: std::collections::BTreeSet<_> = host
            .runners
            .iter()
            .map(|runner| format!("{} {}", runner.plugin, runner.version))
            .collect();
        let kinds: std::collections::BTreeSet<_> = host
            .runners
            .iter()
            .flat_map(|it| &it.kinds)
            .map(String::as_str)
            .collect();
        table.add_row([
            Cell::from(one_line(&host.name).into_owned()),
            host.running.to_string().into(),
            host.jobs.to_string().into(),
            plugins.into_iter().collect::<Vec<_>>().join(", ").into(),
            kinds.into_iter().collect::<Vec<_>>().join(", ").into(),
        ]);
    }
    table.to_string()
}

fn dead(status: &Status) -> String {
    let mut table = table(&["dead letter", "deliveries", "why"]).with_numbers([1]);
    for dead in &status.dead {
        table.add_row([
            Cell::from(one_line(&dead.name).into_owned()),
            dead.deliveries.to_string().into(),
            one_line(&dead.reason).into_owned().into(),
        ]);
    }
    table.to_string()
}
