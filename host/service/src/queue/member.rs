//! This service as one of those that take tasks of a queue: from the moment that the queue is there.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use solti_plugin_queue::Queue;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::meters::Meters;
use super::metrics;
use super::seen::{Look, Seen};
use super::worker::Worker;
use crate::config::{Config, QueueSettings};
use crate::plugins::Plugins;

/// How long is waited before it is tried again, at first and at most.
const FIRST: Duration = Duration::from_millis(500);
const LAST: Duration = Duration::from_secs(10);

/// What a queue gets to take the results of the last tasks.
const LAST_RESULTS: Duration = Duration::from_secs(5);

/// This service as one of those that take tasks of a queue. It lives without the queue, too, and tries again.
pub(crate) struct Member {
    /// The servers, without passwords.
    address: String,
    worker: Mutex<Option<Arc<Worker>>>,
    /// Why it takes no tasks yet.
    why_not: Mutex<Option<String>>,
    seen: Seen,
    stopping: CancellationToken,
}

impl Member {
    /// One that takes no tasks yet.
    pub(crate) fn new(settings: &QueueSettings) -> Arc<Self> {
        Arc::new(Self {
            address: settings.address().shown(),
            worker: Mutex::default(),
            why_not: Mutex::default(),
            seen: Seen::default(),
            stopping: CancellationToken::new(),
        })
    }

    /// Begins to take tasks of the queue of the settings, now or as soon as it is there.
    pub(crate) fn join(
        self: &Arc<Self>,
        config: &Config,
        settings: &QueueSettings,
        meters: Meters,
        plugins: &Arc<Plugins>,
    ) {
        let (config, settings) = (config.clone(), settings.clone());
        let plugins = Arc::downgrade(plugins);
        let joining = Arc::clone(self);
        tokio::spawn(async move {
            let mut pause = FIRST;
            loop {
                let Some(plugins) = plugins.upgrade() else {
                    return;
                };
                let started = tokio::select! {
                    started = Worker::start(&config, &settings, meters.clone(), &plugins) => started,
                    () = joining.stopping.cancelled() => return,
                };
                drop(plugins);
                match started {
                    Ok(worker) => {
                        if joining.why_not.lock().take().is_some() {
                            info!("the queue is there now");
                        }
                        *joining.worker.lock() = Some(Arc::clone(&worker));
                        // It was told to stop meanwhile.
                        if joining.stopping.is_cancelled() {
                            worker.stop();
                        }
                        return;
                    }
                    Err(err) => {
                        let text = err.to_string();
                        let said = joining.why_not.lock().replace(text.clone());
                        if said.as_ref() != Some(&text) {
                            warn!("no tasks of the queue are taken, and it is tried again: {text}");
                        }
                    }
                }
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = joining.stopping.cancelled() => return,
                }
                pause = (pause * 2).min(LAST);
            }
        });
    }

    fn worker(&self) -> Option<Arc<Worker>> {
        self.worker.lock().clone()
    }

    /// The queue, or why it is not there.
    pub(crate) fn queue(&self) -> Result<Queue, String> {
        match self.worker() {
            Some(worker) => Ok(worker.queue().clone()),
            None => {
                let why_not = self.why_not.lock().clone();
                Err(why_not.unwrap_or_else(|| "it is being connected to".to_owned()))
            }
        }
    }

    /// This service in the queue, and how the whole of it is.
    pub(crate) async fn view(&self) -> Value {
        let look = self.look().await;
        let worker = self.worker();
        let mut view = json!({ "address": self.address, "status": look.status });
        if let Some(problem) = look.problem {
            view["problem"] = problem.into();
        }
        if let Some(worker) = worker {
            view["host"] = worker.name().into();
            view["jobs"] = worker.jobs().into();
            let running = worker.running();
            view["running"] = running.len().into();
            view["tasks"] = json!(running);
        }
        view
    }

    /// Writes the metrics of the queue.
    pub(crate) async fn write(&self, text: &mut String) {
        metrics::write(text, &self.look().await);
        if let Some(worker) = self.worker() {
            worker.counts().write(text);
        }
    }

    async fn look(&self) -> Look {
        match self.queue() {
            Ok(queue) => self.seen.look(&queue).await,
            Err(problem) => Look {
                status: None,
                problem: Some(problem),
            },
        }
    }

    /// Takes no more tasks.
    pub(crate) fn stop(&self) {
        self.stopping.cancel();
        if let Some(worker) = &*self.worker.lock() {
            worker.stop();
        }
    }

    /// Ends the tasks that run: those that end by themselves within `drain` do, the others are cancelled and
    /// get their grace.
    pub(crate) async fn end_tasks(&self, drain: Duration) {
        if let Some(worker) = self.worker() {
            worker.end_tasks(drain).await;
        }
    }

    /// Waits for a while until the results of all that were taken are stored, or they are given back.
    pub(crate) async fn finish(&self) {
        let worker = self.worker.lock().take();
        if let Some(worker) = worker {
            worker.finish(LAST_RESULTS).await;
        }
    }
}
