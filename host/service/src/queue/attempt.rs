//! One delivery of a task.

use std::convert::Infallible;
use std::time::Duration;

use solti_plugin_host::supervise::{Outcome as Ending, TaskEnd};
use solti_plugin_queue::{Delivery, Outcome, QueueError};
use tracing::{debug, info, warn};

use super::counts::Fate;
use super::send::send;
use super::shared::Shared;
use super::work;
use crate::time::now;

/// After how long a task that this service does not take now is delivered again.
const LATER: Duration = Duration::from_secs(2);

/// Runs a task that was delivered, and stores its result.
pub(super) async fn run(shared: &Shared, delivery: Delivery) {
    if delivery.number > 1 {
        shared.counts.add_again();
    }
    let done = tokio::select! {
        done = attempt(shared, &delivery) => done,
        never = renew(&delivery) => match never {},
    };
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

/// Tells the queue again and again that the task is worked at.
async fn renew(delivery: &Delivery) -> Infallible {
    let every = delivery.lease / 4;
    loop {
        tokio::time::sleep(every).await;
        delivery.progress().await;
    }
}

async fn attempt(shared: &Shared, delivery: &Delivery) -> Result<Fate, QueueError> {
    if !delivery.is_to_run().await? {
        return Ok(Fate::Over);
    }
    let name = &delivery.name;
    let Some(cancelled) = shared.running.begin(name, delivery.number) else {
        delivery.cancelled().await?;
        return Ok(Fate::Over);
    };
    let work = match work::of_delivery(delivery, shared) {
        Ok(work) => work,
        Err(err) => return buried(delivery, err.to_string()).await,
    };
    if delivery.number > 1 && work.fails_when_interrupted {
        let reason = "its host did not finish it, and its onInterrupt is 'fail': it is not run a second time";
        return buried(delivery, reason.to_owned()).await;
    }
    let mut task = shared.supervisor.start(work.submission);
    if task.is_over() {
        return not_taken(shared, delivery, &task.end().await.outcome).await;
    }
    debug!(task = %name, delivery = delivery.number, "taken from the queue");
    let feed = delivery.begin().await;
    let started = now();
    let (supervisor, number) = (&shared.supervisor, task.number());
    let to_its_end = async {
        let output = match task.output().await {
            Some(output) => send(&shared.meters.written, output, feed).await,
            None => feed.finish().await,
        };
        (output, task.end().await)
    };
    tokio::pin!(to_its_end);
    let (output, end) = tokio::select! {
        ended = &mut to_its_end => ended,
        () = cancelled.cancelled() => {
            supervisor.cancel(number);
            to_its_end.await
        }
    };
    // Its plugin has just gone.
    if end.attempts == 0 && matches!(end.outcome, Ending::NoRunner { .. }) {
        return not_taken(shared, delivery, &end.outcome).await;
    }
    let is_stopped = matches!(end.outcome, Ending::Canceled { .. })
        && shared.stopping.is_cancelled()
        && !cancelled.is_cancelled();
    if is_stopped {
        // It is for another host.
        shared.give_back(delivery).await;
        return Ok(Fate::GivenBack);
    }
    let outcome = Outcome {
        delivery: delivery.number,
        output,
        started: Some(started),
        ..outcome(&end, &shared.host, cancelled.is_cancelled())
    };
    let (number, attempts) = (delivery.number, end.attempts);
    info!(task = %name, delivery = number, phase = %outcome.phase, attempts, "ended");
    if delivery.end(&outcome).await? {
        return Ok(Fate::Ended);
    }
    info!(task = %name, "another host was first: its result stands");
    Ok(Fate::Over)
}

async fn buried(delivery: &Delivery, reason: String) -> Result<Fate, QueueError> {
    warn!(task = %delivery.name, "it is put among the dead letters: {reason}");
    delivery.bury(reason).await?;
    Ok(Fate::Buried)
}

/// This service does not take it now, or not any more.
async fn not_taken(shared: &Shared, delivery: &Delivery, why: &Ending) -> Result<Fate, QueueError> {
    info!(task = %delivery.name, "it is given back to the queue: {why}");
    if shared.stopping.is_cancelled() {
        shared.give_back(delivery).await;
    } else {
        delivery.give_back(LATER).await;
    }
    Ok(Fate::GivenBack)
}

/// How it has ended, on this host.
fn outcome(end: &TaskEnd, host: &str, was_asked: bool) -> Outcome {
    let phase = match &end.outcome {
        Ending::Succeeded => "succeeded",
        Ending::TimedOut { .. } => "timeout",
        Ending::Canceled { .. } => "canceled",
        _ => "failed",
    };
    let error = match &end.outcome {
        // Who has asked for it knows why.
        Ending::Canceled { .. } if was_asked => None,
        timeout @ Ending::TimedOut { .. } => Some(timeout.to_string()),
        other => other.reason(),
    };
    Outcome {
        phase: phase.to_owned(),
        exit_code: end.exit_code,
        error,
        host: Some(host.to_owned()),
        delivery: 0,
        attempts: end.attempts,
        plugins: end.plugins.iter().map(|it| it.to_string()).collect(),
        output: 0,
        started: None,
        ended: now(),
    }
}
