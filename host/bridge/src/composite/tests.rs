#![allow(clippy::unwrap_used, reason = "all of it is tests")]

use serde_json::{Value, json};
use solti_model_published::{Task, TaskManifest};

use super::*;

fn task(timeout: u64, version: &str, kind: &str, spec: &Value) -> Task {
    let manifest: TaskManifest = serde_json::from_value(json!({
        "apiVersion": "solti.io/v1", "kind": "Task", "metadata": {"name": "n"},
        "spec": {
            "slot": "s", "timeout": timeout, "restart": {"type": "never"}, "admission": "queue",
            "backoff": {"firstMs": 1, "maxMs": 9, "factor": 2.0, "jitter": "none"},
            "workload": {"apiVersion": version, "kind": kind, "spec": spec},
        },
    }))
    .unwrap();
    Task::from_manifest(manifest).unwrap()
}

fn command(name: &str) -> Value {
    json!({"apiVersion": "solti.io/v1", "kind": "Subprocess", "spec": {
        "mode": {"command": {"command": name}}, "failOnNonZero": true}})
}

fn cron(timeout: u64, spec: &Value) -> Result<Option<Composite>, String> {
    Composite::of(&task(timeout, CRON_API_VERSION, CRON_KIND, spec)).map_err(|err| err.to_string())
}

#[test]
fn a_chain_within_a_calendar_is_its_steps() {
    let chain = json!({"apiVersion": CHAIN_API_VERSION, "kind": CHAIN_KIND, "spec": {
        "entry": "a", "steps": [
            {"name": "a", "workload": command("first"), "onSuccess": "b"},
            {"name": "b", "workload": command("second")}]}});
    let spec = json!({"schedule": "* * * * *", "workload": chain});
    let whole = task(u64::MAX, CRON_API_VERSION, CRON_KIND, &spec);
    let composite = Composite::of(&whole).unwrap().unwrap();
    let parts = composite.parts(&whole).unwrap();
    let parts: Vec<_> = parts
        .iter()
        .map(|part| serde_json::to_value(part.spec().workload()).unwrap())
        .collect();
    assert_eq!(parts, [command("first"), command("second")]);
}

#[test]
fn what_is_wrong_with_a_calendar_is_said_with_its_field() {
    const DAYS: u64 = 1 << 40;
    let spec = |schedule: &str, zone: &str| json!({"schedule": schedule, "timezone": zone, "workload": command("true")});
    assert!(
        cron(DAYS, &spec("*/5 * * * *", "Europe/Berlin"))
            .unwrap()
            .is_some()
    );
    for (timeout, spec, begins) in [
        (
            DAYS,
            spec("61 * * * *", "UTC"),
            "spec.workload.spec.schedule: ",
        ),
        (DAYS, spec("@daily", "UTC"), "spec.workload.spec.schedule: "),
        (
            DAYS,
            spec("* * * * *", "Mars"),
            "spec.workload.spec.timezone: unknown IANA timezone: Mars",
        ),
        (
            60_000,
            spec("* * * * *", "UTC"),
            "spec.timeout: is 60000, which is the time for all runs",
        ),
        (
            DAYS,
            json!({"schedule": "* * * * *"}),
            "spec.workload.spec: missing field `workload`",
        ),
        (
            DAYS,
            json!({"schedule": "* * * * *", "workload": command("true"), "timeoutMs": 0}),
            "spec.workload.spec.timeoutMs: is 0, expected",
        ),
    ] {
        let said = cron(timeout, &spec).unwrap_err();
        assert!(said.starts_with(begins), "{said}");
    }
}
