//! This service as one of those that take tasks of a queue: from the moment that the queue is there.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::worker::Worker;
use crate::config::{Config, QueueSettings};
use crate::plugins::Plugins;
use crate::tasks::Tasks;

/// How long is waited before it is tried again, at first and at most.
const FIRST: Duration = Duration::from_millis(500);
const LAST: Duration = Duration::from_secs(10);

/// What a queue gets to take the results of the last tasks.
const LAST_RESULTS: Duration = Duration::from_secs(5);

/// This service as one of those that take tasks of a queue. It lives without the queue, too, and tries again.
#[derive(Default)]
pub(crate) struct Member {
    worker: Mutex<Option<Arc<Worker>>>,
    stopping: CancellationToken,
}

impl Member {
    /// Begins to take tasks of the queue of the settings, now or as soon as it is there.
    pub(crate) fn join(
        config: &Config,
        settings: &QueueSettings,
        tasks: &Arc<Tasks>,
        plugins: &Arc<Plugins>,
    ) -> Arc<Self> {
        let member = Arc::new(Self::default());
        let (config, settings) = (config.clone(), settings.clone());
        let (tasks, plugins) = (Arc::downgrade(tasks), Arc::downgrade(plugins));
        let joining = Arc::clone(&member);
        tokio::spawn(async move {
            let (mut pause, mut said) = (FIRST, None);
            loop {
                let (Some(tasks), Some(plugins)) = (tasks.upgrade(), plugins.upgrade()) else {
                    return;
                };
                let started = tokio::select! {
                    started = Worker::start(&config, &settings, &tasks, &plugins) => started,
                    () = joining.stopping.cancelled() => return,
                };
                drop((tasks, plugins));
                match started {
                    Ok(worker) => {
                        if said.is_some() {
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
                        if said.as_ref() != Some(&text) {
                            warn!("no tasks of the queue are taken, and it is tried again: {text}");
                            said = Some(text);
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
        member
    }

    /// Takes no more tasks.
    pub(crate) fn stop(&self) {
        self.stopping.cancel();
        if let Some(worker) = &*self.worker.lock() {
            worker.stop();
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
