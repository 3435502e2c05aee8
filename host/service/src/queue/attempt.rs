//! One delivery of a task.

use std::sync::Arc;
use std::time::Duration;

use solti_model_published::{TaskId, TaskManifest, WritePreconditions};
use solti_plugin_queue::{Delivery, Outcome, QueueError};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::counts::Fate;
use super::follow::follow;
use super::parse;
use super::shared::Shared;
use crate::config::OnInterrupt;
use crate::store::{Record, Seq};
use crate::tasks::{New, ON_INTERRUPT, Refused, Tasks};
use crate::time::now;

/// After how long a task that this service does not take now is delivered again.
const LATER: Duration = Duration::from_secs(2);

/// How often it is looked whether the end of a task is noted.
const LOOK: Duration = Duration::from_millis(20);

/// How long that may take: the disk may be full.
const NOTED: Duration = Duration::from_secs(60);

/// Runs a task that was delivered, and stores its result.
pub(super) async fn run(shared: &Shared, tasks: &Arc<Tasks>, delivery: Arc<Delivery>) {
    let _lease = renew(&delivery);
    if delivery.number > 1 {
        shared.counts.add_again();
    }
    let done = attempt(shared, tasks, &delivery).await;
    shared.running.end(&delivery.name);
    let fate = match done {
        Ok(fate) => fate,
        Err(err) => {
            warn!(task = %delivery.name, "it is given back to the queue: {err}");
            delivery.give_back(LATER).await;
            Fate::GivenBack
        }
    };
    shared.counts.add(fate);
}

/// Tells the queue again and again that the task is worked at, until this is dropped.
fn renew(delivery: &Arc<Delivery>) -> impl Drop + use<> {
    let delivery = Arc::clone(delivery);
    let task = tokio::spawn(async move {
        let every = delivery.lease / 4;
        loop {
            tokio::time::sleep(every).await;
            delivery.progress().await;
        }
    });
    tokio_util::task::AbortOnDropHandle::new(task)
}

async fn attempt(
    shared: &Shared,
    tasks: &Arc<Tasks>,
    delivery: &Delivery,
) -> Result<Fate, QueueError> {
    if !delivery.is_to_run().await? {
        return Ok(Fate::Over);
    }
    let name = &delivery.name;
    let Some(cancelled) = shared.running.begin(name) else {
        delivery.cancelled().await?;
        return Ok(Fate::Over);
    };
    let manifest = match parse::of_message(&delivery.manifest, name) {
        Ok(manifest) => manifest,
        Err(err) => return buried(delivery, err.to_string()).await,
    };
    if delivery.number > 1 && fails_when_interrupted(&manifest) {
        let reason = "its host did not finish it, and its onInterrupt is 'fail': it is not run a second time";
        return buried(delivery, reason.to_owned()).await;
    }
    let (local, seq) = match create(tasks, &manifest).await {
        Ok(created) => created,
        Err(refused) => return turned_away(shared, delivery, refused).await,
    };
    let hold = tasks.outputs.hold(seq);
    info!(task = %local, queue = %name, delivery = delivery.number, "taken from the queue");
    let feed = delivery.begin().await;
    let started = now();
    let sent = follow(&tasks.outputs, seq, feed, hold);
    tokio::pin!(sent);
    let output = tokio::select! {
        output = &mut sent => output,
        () = cancelled.cancelled() => {
            cancel(tasks, &local).await;
            sent.await
        }
    };
    let Some(record) = ended(tasks, seq).await else {
        // It is for another host.
        shared.give_back(delivery).await;
        return Ok(Fate::GivenBack);
    };
    let Some(mut outcome) = outcome(tasks, shared, &record, &cancelled) else {
        shared.give_back(delivery).await;
        return Ok(Fate::GivenBack);
    };
    outcome.delivery = delivery.number;
    outcome.output = output;
    outcome.started = Some(started);
    if delivery.end(&outcome).await? {
        return Ok(Fate::Ended);
    }
    info!(task = %local, queue = %name, "another host was first: its result stands");
    Ok(Fate::Over)
}

async fn buried(delivery: &Delivery, reason: String) -> Result<Fate, QueueError> {
    warn!(task = %delivery.name, "it is put among the dead letters: {reason}");
    delivery.bury(reason).await?;
    Ok(Fate::Buried)
}

/// This service does not take it.
async fn turned_away(
    shared: &Shared,
    delivery: &Delivery,
    refused: Refused,
) -> Result<Fate, QueueError> {
    match refused {
        // Nobody will.
        Refused::Invalid { .. } | Refused::Core(solti_api::ApiError::InvalidRequest(_)) => {
            buried(delivery, refused.to_string()).await
        }
        refused => {
            info!(task = %delivery.name, "it is given back to the queue: {refused}");
            match refused {
                Refused::Stopping => shared.give_back(delivery).await,
                _ => delivery.give_back(LATER).await,
            }
            Ok(Fate::GivenBack)
        }
    }
}

/// Has this service take it, under its own name, or another where that is taken.
async fn create(tasks: &Arc<Tasks>, manifest: &TaskManifest) -> Result<(String, Seq), Refused> {
    let created = match tasks.create(new(manifest.clone())).await {
        Err(Refused::NameTaken { .. }) => tasks.create(new(renamed(manifest)?)).await?,
        created => created?,
    };
    let seq = tasks.seq(&created.name)?;
    Ok((created.name, seq))
}

fn renamed(manifest: &TaskManifest) -> Result<TaskManifest, Refused> {
    let renamed = serde_json::to_value(manifest).and_then(|mut json| {
        json["metadata"]["name"] = Tasks::name_in(manifest.spec().slot().as_str()).into();
        serde_json::from_value(json)
    });
    renamed.map_err(|err| Refused::Invalid {
        field: "metadata".to_owned(),
        reason: err.to_string(),
    })
}

fn new(manifest: TaskManifest) -> New {
    New {
        manifest,
        // The queue delivers it again.
        on_interrupt: Some(OnInterrupt::Fail),
        idempotency_key: None,
        retry_of: None,
    }
}

async fn cancel(tasks: &Arc<Tasks>, local: &str) {
    let Ok(id) = TaskId::new(local) else { return };
    if let Err(err) = tasks.cancel(&id, WritePreconditions::default()).await {
        warn!(task = local, "it is not cancelled: {err}");
    }
}

/// The record of a task that has ended; none where this service does not note its end.
async fn ended(tasks: &Arc<Tasks>, seq: Seq) -> Option<Record> {
    let until = tokio::time::Instant::now() + NOTED;
    loop {
        let record = tasks.store.at(seq).ok().flatten()?;
        if record.ended.is_some() {
            return Some(record);
        }
        if tokio::time::Instant::now() > until || !tasks.is_live(&record.name) {
            // Noted between the two looks, or never.
            let record = tasks.store.at(seq).ok().flatten()?;
            return record.ended.is_some().then_some(record);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// How it has ended; none where the service was stopped before.
fn outcome(
    tasks: &Tasks,
    shared: &Shared,
    record: &Record,
    cancelled: &CancellationToken,
) -> Option<Outcome> {
    let ended = record.ended.as_ref()?;
    let is_stopped = ended.phase == "canceled" && tasks.is_stopping() && !cancelled.is_cancelled();
    if is_stopped {
        return None;
    }
    Some(Outcome {
        phase: ended.phase.clone(),
        exit_code: ended.exit_code,
        error: ended.error.clone(),
        host: Some(shared.host.clone()),
        delivery: 0,
        attempts: record.attempts,
        plugins: ended.plugins.clone(),
        output: 0,
        started: None,
        ended: ended.at,
    })
}

fn fails_when_interrupted(manifest: &TaskManifest) -> bool {
    let annotations = manifest.metadata().annotations();
    annotations
        .get(ON_INTERRUPT)
        .is_some_and(|text| text == OnInterrupt::Fail.as_str())
}
