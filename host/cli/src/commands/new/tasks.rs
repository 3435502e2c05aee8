//! The tasks of a new plugin: the one that it is tried with by hand, and those that rules are tried with.

use serde_json::{Value, json};

use crate::args::NewKind;

/// How many names the long task has: a pause comes after each, and no rule waits for all of them.
const MANY: usize = 100;

/// How many of them stand on a line.
const ON_A_LINE: usize = 10;

/// `tasks.json`.
pub(super) fn tasks(plugin: &str, kind: &NewKind) -> String {
    let task = task(plugin, 10_000, plugin, kind, &json!(["Ada", "Grace"]));
    format!("{:#}\n", json!([task]))
}

/// `conform.json`: what the tasks do that its names ask for.
pub(super) fn conform(plugin: &str, kind: &NewKind) -> String {
    let does =
        |name: &str, names: &Value| task(&format!("conform-{name}"), 60_000, plugin, kind, names);
    let tasks = json!({
        "quick": does("quick", &json!(["suite"])),
        "long": does("long", &json!(MARK)),
        "failing": does("failing", &json!([""])),
    });
    let marked = json!(MARK).to_string();
    format!("{tasks:#}\n").replace(&marked, &many_names())
}

/// What stands for the names of the long task until the rest is laid out.
const MARK: &str = "{{names}}";

/// Many names, a few on each line: laid out as the rest there would be a line for each.
fn many_names() -> String {
    let line = ["\"again\""; ON_A_LINE].join(", ");
    let lines = vec![line; MANY / ON_A_LINE].join(",\n  ");
    format!("[\n  {lines}\n]")
}

/// A task that greets these.
fn task(slot: &str, timeout: u32, plugin: &str, kind: &NewKind, names: &Value) -> Value {
    let mut task = match kind {
        NewKind::Subprocess => json!({ "kind": { "subprocess": {
            "mode": { "command": { "command": plugin, "args": names } }
        } } }),
        NewKind::Wasm => json!({ "kind": { "wasm": { "module": "greet.wasm", "args": names } } }),
        NewKind::Container => {
            json!({ "kind": { "container": { "image": "greet", "args": names } } })
        }
        NewKind::Own(kind) => json!({ "kind": kind, "spec": { "names": names } }),
    };
    task["slot"] = slot.into();
    task["timeout"] = timeout.into();
    task
}
