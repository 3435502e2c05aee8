//! Reads what is to be put into a queue.

use std::collections::BTreeMap;

use serde_json::{Map, json};
use solti_model_published::{Task, TaskManifest};
use solti_plugin_bridge::{Composite, Work, is_cron, work_of};
use solti_plugin_host::specs;
use solti_plugin_queue::Need;
use thiserror::Error;

use crate::config::OnInterrupt;
use crate::tasks::{BESIDE, ON_INTERRUPT, Tasks, manifest_in, manifest_of};

/// A task, as it is put into a queue.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct QueueTask {
    /// Its name.
    pub name: String,
    /// What a host has to have.
    pub need: Need,
    /// The slot it runs in, on its host.
    pub slot: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// What a host runs, as JSON.
    pub manifest: String,
}

/// Why something is no task for a queue.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct NoQueueTask(String);

impl NoQueueTask {
    pub(super) fn of(reason: impl std::fmt::Display) -> Self {
        Self(reason.to_string())
    }
}

/// Reads one task: a spec, or a task as the routes of 0.0.8 have it. `place` is where it stands, for errors.
///
/// # Errors
///
/// When it is none, or of a kind that a queue does not take.
pub fn queue_task(place: &str, text: &str) -> Result<QueueTask, NoQueueTask> {
    let manifest = match manifest_in(text.as_bytes()) {
        Some(value) => serde_path_to_error::deserialize(value)
            .map_err(|err| NoQueueTask(format!("{place}: {}: {}", err.path(), err.inner())))?,
        None => of_spec(place, text)?,
    };
    of_manifest(&manifest).map_err(|err| NoQueueTask(format!("{place}: {err}")))
}

/// The task of a spec.
fn of_spec(place: &str, text: &str) -> Result<TaskManifest, NoQueueTask> {
    let mut read = Vec::new();
    specs::read_bytes(place, text.as_bytes(), BESIDE, &mut |spec| read.push(spec));
    let first = read.pop().unwrap_or_else(|| Err(empty(place)));
    let placed = first.map_err(NoQueueTask::of)?;
    let mut annotations = Map::new();
    if let Some(on_interrupt) = placed.beside.get("onInterrupt") {
        check_on_interrupt("onInterrupt", on_interrupt)
            .map_err(|err| NoQueueTask(format!("{}: {err}", placed.place)))?;
        annotations.insert(ON_INTERRUPT.to_owned(), json!(on_interrupt));
    }
    let name = match (
        placed.beside.get("name"),
        placed.beside.get("idempotencyKey"),
    ) {
        (Some(name), _) => name.clone(),
        (None, Some(key)) => Tasks::name_of_key(placed.spec.slot(), key),
        (None, None) => Tasks::name_for(placed.spec.slot()),
    };
    let place = &placed.place;
    manifest_of(&name, &annotations, &placed.spec)
        .map_err(|err| NoQueueTask(format!("{place}: {err}")))
}

fn empty(place: &str) -> specs::SpecError {
    specs::SpecError::Empty {
        place: place.to_owned(),
    }
}

/// What a host has to have for a task.
fn of_manifest(manifest: &TaskManifest) -> Result<QueueTask, NoQueueTask> {
    let task = Task::from_manifest(manifest.clone()).map_err(NoQueueTask::of)?;
    if let Some(text) = manifest.metadata().annotations().get(ON_INTERRUPT) {
        check_on_interrupt(&format!("metadata.annotations[{ON_INTERRUPT}]"), text)?;
    }
    let (kind, selector) = match work(&task)? {
        Work::Spec(spec) => (spec.kind().kind().to_owned(), json!(spec.runner_selector())),
        Work::Workload(workload) => (workload.kind.clone(), json!(workload.runner_selector)),
        _ => {
            return Err(NoQueueTask(
                "spec.workload: of a kind that is not known".to_owned(),
            ));
        }
    };
    let labels = task.labels().iter();
    Ok(QueueTask {
        name: task.name().to_string(),
        need: Need::new(kind, selector),
        slot: task.spec().slot().to_string(),
        labels: labels
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect(),
        manifest: serde_json::to_string(manifest).map_err(NoQueueTask::of)?,
    })
}

/// What becomes of an interrupted task is asked for in words that there are.
fn check_on_interrupt(field: &str, text: &str) -> Result<(), NoQueueTask> {
    match OnInterrupt::named(text) {
        Some(_) => Ok(()),
        None => Err(NoQueueTask(format!(
            "{field}: is {text:?}, expected rerun or fail"
        ))),
    }
}

/// The one thing that a task has a runner do.
pub(super) fn work(task: &Task) -> Result<Work, NoQueueTask> {
    let several =
        is_cron(task.spec().workload()) || Composite::of(task).map_err(NoQueueTask::of)?.is_some();
    if several {
        return Err(NoQueueTask(
            "spec.workload: a queue takes tasks of one step; have one host's service run this, by --host"
                .to_owned(),
        ));
    }
    work_of(task).map_err(NoQueueTask::of)
}
