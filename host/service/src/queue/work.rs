//! What a message of a queue has a runner do.

use std::sync::Arc;

use serde_json::Value;
use solti_model_published::{Task, TaskManifest};
use solti_plugin_bridge::{Work, metadata_of};
use solti_plugin_host::BuildContext;
use solti_plugin_host::solti_model::RunnerEnv;
use solti_plugin_host::supervise::Submission;
use solti_plugin_queue::Delivery;

use super::parse::{NoQueueTask, work};
use super::shared::Shared;
use crate::config::OnInterrupt;
use crate::tasks::ON_INTERRUPT;

/// What a message of a queue has a runner do.
pub(super) struct QueueWork {
    pub(super) submission: Submission,
    /// Whether it is not to be run again when a host did not finish it.
    pub(super) fails_when_interrupted: bool,
}

/// Reads a message that was delivered, and prepares what it is about to be built with.
pub(super) fn of_delivery(delivery: &Delivery, shared: &Shared) -> Result<QueueWork, NoQueueTask> {
    let bytes = &delivery.manifest;
    let manifest: TaskManifest = serde_json::from_slice(bytes).map_err(|_| why_not(bytes))?;
    let on_interrupt = manifest.metadata().annotations().get(ON_INTERRUPT);
    let fails_when_interrupted = on_interrupt == Some(OnInterrupt::Fail.as_str());
    let task = Task::from_manifest(manifest).map_err(NoQueueTask::of)?;
    let submission = match work(&task)? {
        Work::Spec(spec) => Submission::from(*spec),
        Work::Workload(workload) => Submission::from(*workload),
        _ => {
            return Err(NoQueueTask::of(
                "the message is a task of a kind that this version does not know",
            ));
        }
    };
    let mut metadata = metadata_of(&task);
    // A runner may want to know that an earlier one may have done its work in part.
    metadata.insert("delivery".to_owned(), delivery.number.into());
    let context = BuildContext::new(RunnerEnv::default(), Arc::clone(&shared.meters.runners))
        .with_output_registry(Arc::clone(&shared.registry))
        .with_metadata(metadata);
    Ok(QueueWork {
        submission: submission.with_context(context),
        fails_when_interrupted,
    })
}

/// Why a message is no task, by the field: most are, and are read once.
fn why_not(bytes: &[u8]) -> NoQueueTask {
    let value: Value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(err) => return NoQueueTask::of(format!("the message is no JSON: {err}")),
    };
    match serde_path_to_error::deserialize::<_, TaskManifest>(value) {
        Err(err) => NoQueueTask::of(format!(
            "the message is no task: {}: {}",
            err.path(),
            err.inner()
        )),
        Ok(_) => NoQueueTask::of("the message is no task"),
    }
}
