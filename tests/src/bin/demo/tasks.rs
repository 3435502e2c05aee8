//! The tasks of the demo, and what is meant to become of them.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::zones::ZONES;

/// The tasks and their outcomes.
pub(crate) struct Demo {
    /// What is in the file.
    pub(crate) tasks: Vec<Value>,
    /// What comes through standard input later.
    pub(crate) replacements: Vec<Value>,
    /// The files that are there when what is to be replaced runs.
    pub(crate) deployed: Vec<PathBuf>,
}

/// Slot, outcome, attempts and lines on standard output of each task, in the order of submission.
///
/// The first version of a deployment says two lines where its zone lets it say goodbye, and one where
/// it does not: that tells which of the two plugins has run it.
const EXPECTED: [(&str, &str, u64, u64); 11] = [
    ("greet", "success", 1, 1),
    ("module", "success", 1, 1),
    (BOX, "success", 1, 1),
    ("files", "success", 1, 1),
    ("report", "success", 1, 5),
    ("flaky", "success", 3, 1),
    ("stuck", "timeout", 1, 1),
    ("deploy-eu", "canceled", 1, 2),
    ("deploy-us", "canceled", 1, 1),
    ("deploy-eu", "success", 1, 2),
    ("deploy-us", "success", 1, 2),
];

/// The attempts that the plugins count; the container's comes on top.
fn started(containers: bool) -> Value {
    let mut started = json!({ "subprocess": 11, "wasm": 1 });
    if containers {
        started["container"] = json!(1);
    }
    started
}

/// The slot of the container task.
const BOX: &str = "box";

/// A WebAssembly module that prints a line.
const MODULE: &[u8] = include_bytes!("module.wasm");

const REPORT: &str = r#"
for part in one two three four five; do
  echo "part $part of the report"
  sleep 0.4
done
echo "the last part took longer than expected" >&2
"#;

const VERSION_1: &str = r#"
trap 'echo "version 1 says goodbye"; exit' TERM
echo "version 1 is running"
touch "$DEPLOYED"
sleep 60 & wait
"#;

const VERSION_2: &str = r#"
echo "version 2 is running"
sleep 1
echo "version 2 is done"
"#;

impl Demo {
    /// The tasks, which may write into `scratch`; one in a container where that is possible.
    pub(crate) fn new(scratch: &Path, containers: bool) -> std::io::Result<Self> {
        let module = scratch.join("module.wasm");
        fs::write(&module, MODULE)?;
        let counter = scratch.join("tries");
        let flaky = r#"
            echo try >> "$COUNTER"
            tries=$(wc -l < "$COUNTER")
            if [ "$tries" -lt 3 ]; then echo "try $tries: no connection" >&2; exit 1; fi
            echo "try $tries: connected"
        "#;
        let mut tasks = vec![
            task(
                "greet",
                command("hello", &["from", "the", "smallest", "plugin"]),
                json!({}),
            ),
            json!({
                "slot": "module",
                "timeout": 30_000,
                "kind": { "wasm": { "module": shown(&module), "args": [], "env": [] } },
            }),
            task("files", command("ls", &["-l", &shown(&module)]), json!({})),
            task("report", script(REPORT, json!([])), json!({})),
            task(
                "flaky",
                script(
                    flaky,
                    json!([{ "key": "COUNTER", "value": shown(&counter) }]),
                ),
                json!({
                    "restart": { "type": "onFailure" },
                    "backoff": { "firstMs": 400, "factor": 2, "jitter": "none" },
                }),
            ),
            task(
                "stuck",
                script("echo 'waiting for an answer'; sleep 60", json!([])),
                json!({
                    "timeout": 2000,
                }),
            ),
        ];
        if containers {
            let container = json!({ "image": e2e::IMAGE, "command": ["/bin/sh", "-c"],
                "args": ["echo \"hello from a container, user $(id -u)\""], "env": [] });
            tasks.insert(
                2,
                json!({ "slot": BOX, "timeout": 30_000, "kind": { "container": container } }),
            );
        }
        let mut replacements = Vec::new();
        let mut deployed = Vec::new();
        for (zone, _) in ZONES {
            let slot = format!("deploy-{zone}");
            let selector = json!({ "matchLabels": { "zone": zone } });
            let file = scratch.join(&slot);
            let env = json!([{ "key": "DEPLOYED", "value": shown(&file) }]);
            tasks.push(task(
                &slot,
                script(VERSION_1, env),
                json!({ "runnerSelector": selector }),
            ));
            replacements.push(task(
                &slot,
                script(VERSION_2, json!([])),
                json!({ "runnerSelector": selector, "admission": "replace" }),
            ));
            deployed.push(file);
        }
        Ok(Self {
            tasks,
            replacements,
            deployed,
        })
    }

    /// Where the summary differs from what was meant to happen.
    pub(crate) fn differences(&self, summary: &Value) -> Vec<String> {
        let found: Vec<_> = summary["tasks"].as_array().into_iter().flatten().collect();
        let contains = self.tasks.iter().any(|task| task["slot"] == BOX);
        let mut differences: Vec<_> = EXPECTED
            .iter()
            .filter(|(slot, ..)| contains || *slot != BOX)
            .enumerate()
            .filter_map(|(at, (slot, outcome, attempts, lines))| {
                let task = found.get(at).copied().unwrap_or(&Value::Null);
                let as_expected = task["slot"] == *slot
                    && task["outcome"] == *outcome
                    && task["attempts"] == *attempts
                    && task["stdoutLines"] == *lines;
                (!as_expected).then(|| {
                    format!(
                        "{slot} should end as {outcome} after {attempts} attempts and {lines} \
                         lines on standard output: {task}"
                    )
                })
            })
            .collect();
        let expected = started(contains);
        let found = &summary["metrics"]["started"];
        if *found != expected {
            differences.push(format!(
                "the attempts that were counted should be {expected}: {found}"
            ));
        }
        if summary["lost"] != 0 {
            differences.push(format!("lines were lost: {}", summary["lost"]));
        }
        differences
    }
}

/// A spec of the subprocess kind, with these fields besides the defaults.
fn task(slot: &str, subprocess: Value, fields: Value) -> Value {
    let mut spec = json!({ "slot": slot, "timeout": 30_000, "kind": { "subprocess": subprocess } });
    for (field, value) in fields.as_object().into_iter().flatten() {
        spec[field] = value.clone();
    }
    spec
}

fn command(command: &str, args: &[&str]) -> Value {
    json!({ "mode": { "command": { "command": command, "args": args } } })
}

fn script(body: &str, env: Value) -> Value {
    let body = STANDARD.encode(body);
    json!({ "mode": { "script": { "runtime": "bash", "body": body } }, "env": env })
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "they are tests")]

    use super::*;

    #[test]
    fn the_demos_module_is_the_text_beside_it() {
        let text = wat::parse_str(include_str!("module.wat")).unwrap();
        assert_eq!(text, MODULE);
    }
}
