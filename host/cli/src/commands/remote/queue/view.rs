//! A task of a queue, in the form in which a service shows its own.

use std::collections::BTreeSet;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};
use solti_plugin_queue::{Found, Host, Settings};

use super::super::view::Task;

/// The task, as a service has it, and with what only a queue knows: who runs it.
pub(super) fn json_of(found: &Found) -> Value {
    let order = &found.order;
    let (outcome, run) = (found.outcome.as_ref(), found.run.as_ref());
    let deliveries = outcome
        .map(|it| it.delivery)
        .or(run.map(|it| it.delivery))
        .unwrap_or(0);
    let host = outcome
        .and_then(|it| it.host.clone())
        .or_else(|| run.filter(|_| found.runs()).map(|it| it.host.clone()));
    let started = outcome.map_or(run.map(|it| it.started), |it| it.started);
    let mut view = json!({
        "name": order.name,
        "phase": found.phase(),
        "slot": order.slot,
        "kind": order.need.kind,
        "created": time(order.created),
        "attempts": deliveries,
    });
    if !order.need.selector.is_null() {
        view["runnerSelector"] = order.need.selector.clone();
    }
    if !order.labels.is_empty() {
        view["labels"] = json!(order.labels);
    }
    if let Some(host) = &host {
        view["host"] = json!(host);
    }
    if let Some(outcome) = outcome {
        view["ended"] = json!(time(outcome.ended));
        view["exitCode"] = json!(outcome.exit_code);
        view["error"] = json!(outcome.error);
        view["plugins"] = json!(outcome.plugins);
    }
    if let Some(dead) = &found.dead {
        view["error"] = json!(dead.reason);
        view["attempts"] = json!(dead.deliveries);
    }
    if found.cancelled && outcome.is_none() {
        view["error"] = json!("its end was asked for");
    }
    if let Some(started) = started {
        let finished = outcome.map(|it| time(it.ended));
        let phase = match found.phase() {
            // A host that was stopped has given it back.
            "queued" => "canceled",
            phase => phase,
        };
        view["runs"] = json!([{
            "attempt": deliveries,
            "phase": phase,
            "started": time(started),
            "finished": finished,
            "exitCode": view["exitCode"],
            "error": host.map(|host| format!("on {host}")),
        }]);
    }
    view
}

/// The task, for a table.
pub(super) fn task_of(found: &Found) -> anyhow::Result<Task> {
    Ok(serde_json::from_value(json_of(found))?)
}

/// Why a task waits that has waited for long, where no host can take it.
pub(super) fn unclaimed(found: &Found, hosts: &[Host], settings: &Settings) -> Option<String> {
    let need = &found.order.need;
    let created = UNIX_EPOCH + Duration::from_millis(found.order.created);
    let waits = created.elapsed().ok()?;
    if found.phase() != "queued" || waits < Duration::from_millis(settings.unclaimed) {
        return None;
    }
    if hosts.is_empty() {
        return Some("no host takes tasks of this queue".to_owned());
    }
    let runners = || hosts.iter().flat_map(|host| &host.runners);
    if !runners().any(|runner| runner.takes(&need.kind)) {
        let kinds: BTreeSet<_> = runners()
            .flat_map(|runner| &runner.kinds)
            .map(String::as_str)
            .collect();
        let kinds: Vec<_> = kinds.into_iter().collect();
        return Some(format!(
            "no host has a plugin for {} tasks; they take {}",
            need.kind,
            kinds.join(", ")
        ));
    }
    (!runners().any(|runner| runner.meets(need))).then(|| {
        format!(
            "no host has a runner for {} tasks whose labels match {}",
            need.kind, need.selector
        )
    })
}

/// A time of the queue.
pub(super) fn time(millis: u64) -> String {
    let time = UNIX_EPOCH + Duration::from_millis(millis);
    humantime::format_rfc3339_millis(time).to_string()
}
