//! Tasks that the published router passes on without a look at what plugins they are for.
//!
//! It routes by workload types and labels that it was told when it was made. Plugins come and go, so what
//! depends on them, a selector or a type that is none of the model's, is put into a workload of a type of our
//! own on the way in, and taken out of it on the way back.

use serde_json::{Value, json};
use solti_model_published::{
    Task, TaskManifest, TaskRun, TaskSpec, TaskWorkload, WorkloadTypeMeta,
};

use crate::composite::is_composite;
use crate::convert::Unbridgeable;

/// The type of a workload that has another one in it.
const API_VERSION: &str = "routed.solti-host/v1alpha1";
const KIND: &str = "Routed";

/// The type of a workload that has another one in it.
pub(crate) fn workload_type() -> Option<WorkloadTypeMeta> {
    WorkloadTypeMeta::new(API_VERSION, KIND).ok()
}

/// A manifest as core is given it, whatever plugins there are.
///
/// # Errors
///
/// When it is not one that core takes.
pub fn to_core(manifest: TaskManifest) -> Result<TaskManifest, Unbridgeable> {
    let spec = manifest.spec();
    let is_foreign = matches!(spec.workload(), TaskWorkload::Extension(_));
    let is_routed =
        !is_composite(spec.workload()) && (is_foreign || spec.runner_selector().is_some());
    if !is_routed {
        return Ok(manifest);
    }
    let bad = |err: &dyn std::fmt::Display| Unbridgeable {
        field: "spec",
        reason: err.to_string(),
    };
    let json = |value: serde_json::Result<Value>| value.map_err(|err| bad(&err));
    let inner = json!({
        "workload": json(serde_json::to_value(spec.workload()))?,
        "runnerSelector": json(serde_json::to_value(spec.runner_selector()))?,
    });
    let workload = json!({"apiVersion": API_VERSION, "kind": KIND, "spec": inner});
    let workload = serde_json::from_value(workload).map_err(|err| bad(&err))?;
    let spec = spec
        .derive_with_workload(workload)
        .without_runner_selector();
    let (type_meta, metadata) = (manifest.type_meta().clone(), manifest.metadata().clone());
    TaskManifest::from_parts(type_meta, metadata, spec).map_err(|err| bad(&err))
}

/// A task of core's as its clients have it.
#[must_use]
pub fn from_core(task: Task) -> Task {
    let Some(spec) = unrouted(task.spec()) else {
        return task;
    };
    let restored = Task::from_parts(
        task.type_meta().clone(),
        task.metadata().clone(),
        spec,
        task.status().clone(),
    );
    restored.unwrap_or(task)
}

/// A run of core's as its clients have it, of a task whose own form is `task`.
#[must_use]
pub fn run_from_core(run: TaskRun, task: &TaskWorkload) -> TaskRun {
    if !is_type_of_ours(run.workload().api_version(), run.workload().kind()) {
        return run;
    }
    let restored = TaskRun::from_parts(
        task.type_meta(),
        run.generation(),
        run.attempt(),
        run.phase(),
        run.started_at(),
        run.finished_at(),
        run.error().map(str::to_owned),
        run.exit_code(),
    );
    restored.unwrap_or(run)
}

fn is_type_of_ours(api_version: &str, kind: &str) -> bool {
    (api_version, kind) == (API_VERSION, KIND)
}

/// The spec that was put into another one.
fn unrouted(spec: &TaskSpec) -> Option<TaskSpec> {
    let TaskWorkload::Extension(outer) = spec.workload() else {
        return None;
    };
    if !is_type_of_ours(outer.api_version(), outer.kind()) {
        return None;
    }
    let workload = serde_json::from_value(outer.spec()["workload"].clone()).ok()?;
    let spec = spec.derive_with_workload(workload);
    Some(match &outer.spec()["runnerSelector"] {
        Value::Null => spec,
        selector => spec.with_runner_selector(serde_json::from_value(selector.clone()).ok()?),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "all of it is tests")]

    use super::*;

    #[test]
    fn what_depends_on_plugins_comes_back_as_it_was() {
        let subprocess = json!({"apiVersion": "solti.io/v1", "kind": "Subprocess", "spec": {
            "mode": {"command": {"command": "true"}}, "failOnNonZero": true}});
        let greeting =
            json!({"apiVersion": "example.com/v1", "kind": "Greeting", "spec": {"to": "you"}});
        let selector = json!({"matchLabels": {"zone": "eu"}});
        for (workload, selector, is_routed) in [
            (&subprocess, None, false),
            (&subprocess, Some(&selector), true),
            (&greeting, None, true),
            (&greeting, Some(&selector), true),
        ] {
            let mut manifest = json!({
                "apiVersion": "solti.io/v1", "kind": "Task", "metadata": {"name": "n"},
                "spec": {
                    "slot": "s", "timeout": 9, "restart": {"type": "never"}, "admission": "queue",
                    "backoff": {"firstMs": 1, "maxMs": 9, "factor": 2.0, "jitter": "none"},
                    "workload": workload,
                },
            });
            if let Some(selector) = selector {
                manifest["spec"]["runnerSelector"] = selector.clone();
            }
            let manifest: TaskManifest = serde_json::from_value(manifest).unwrap();
            let given = to_core(manifest.clone()).unwrap();
            assert_eq!(given.spec().workload().kind() == KIND, is_routed);
            assert!(given.spec().runner_selector().is_none());
            let task = from_core(Task::from_manifest(given).unwrap());
            assert_eq!(task.spec(), manifest.spec());
        }
    }
}
