//! Asks a queue for tasks, as many as this service may run.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use solti_plugin_queue::{Delivery, Fetched, Host, Need, Queue, QueueError, Taker};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use super::attempt;
use super::counts::{Counts, Fate};
use super::meters::Meters;
use super::runners;
use super::running::RunningTask;
use super::shared::Shared;
use crate::config::{Config, QueueSettings};
use crate::machine;
use crate::plugins::Plugins;
use crate::tasks::Tasks;
use crate::time::now;

/// How often it is looked which plugins are in service.
const LOOK: Duration = Duration::from_millis(250);

/// How often the queue is told that this host is there, and after how long of how many tasks it runs where that
/// has changed.
const ANNOUNCED: Duration = Duration::from_secs(5);
const CHANGED: Duration = Duration::from_secs(1);

/// How long it is waited for a task of one kind where no kind has any.
const WAIT: Duration = Duration::from_secs(2);

/// The same where there are more kinds than places: the others wait meanwhile.
const SHORT: Duration = Duration::from_millis(300);

/// How many tasks are taken at once at most.
const BATCH: usize = 64;

/// How long is waited for an eighth of the places to be free: a question for each task costs as much as the task
/// where those are short.
const GATHER: Duration = Duration::from_millis(2);

/// How long is waited where the queue does not answer.
const AGAIN: Duration = Duration::from_secs(1);

/// Takes tasks of a queue until it is told to stop.
pub(crate) struct Worker {
    taker: Taker,
    name: String,
    plugins: Weak<Plugins>,
    places: Arc<Semaphore>,
    jobs: usize,
    since: u64,
    shared: Shared,
    /// The needs that are asked for, and what ends the asking.
    asked: Mutex<HashMap<String, CancellationToken>>,
    known: Mutex<HashMap<String, Need>>,
    /// How many have asked one after the other and got nothing.
    idle: AtomicUsize,
    attempts: TaskTracker,
}

impl Worker {
    /// Connects to the queue of the settings, and takes tasks from now on.
    ///
    /// # Errors
    ///
    /// When the queue is not there, or not set up.
    pub(crate) async fn start(
        config: &Config,
        settings: &QueueSettings,
        meters: Meters,
        plugins: &Arc<Plugins>,
    ) -> Result<Arc<Self>, QueueError> {
        let name = settings.name.clone().unwrap_or_else(machine::name);
        let queue = Queue::connect(&settings.address(), &format!("solti-host {name}")).await?;
        let jobs = settings
            .jobs
            .and_then(|it| usize::try_from(it.get()).ok())
            .or(config.jobs);
        let jobs =
            jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, Into::into));
        info!(queue = queue.address(), host = %name, jobs, "takes tasks of a queue");
        let host = Tasks::name_in(&name);
        let worker = Arc::new(Self {
            taker: queue.taker(host.clone()),
            name,
            plugins: Arc::downgrade(plugins),
            places: Arc::new(Semaphore::new(jobs)),
            jobs,
            since: now(),
            shared: Shared::new(&host, Arc::clone(&plugins.live), config.grace, meters),
            asked: Mutex::default(),
            known: Mutex::default(),
            idle: AtomicUsize::new(0),
            attempts: TaskTracker::new(),
        });
        worker.announce().await?;
        worker.spawn();
        Ok(worker)
    }

    fn spawn(self: &Arc<Self>) {
        let worker = Arc::clone(self);
        self.until_stopped(async move {
            loop {
                let told = worker.taker.watch_needs(|need| {
                    worker.known.lock().insert(need.token(), need);
                });
                worker.told("kinds of tasks", told.await).await;
            }
        });
        let worker = Arc::clone(self);
        self.until_stopped(async move {
            loop {
                let told = worker
                    .taker
                    .watch_cancels(|name| worker.shared.running.cancel(name));
                worker.told("cancellations", told.await).await;
                // What was asked for meanwhile has been told to nobody.
                for name in worker.shared.running.names() {
                    if worker.taker.is_cancelled(&name).await.unwrap_or(false) {
                        worker.shared.running.cancel(&name);
                    }
                }
            }
        });
        let worker = Arc::clone(self);
        self.until_stopped(async move {
            let (mut told, mut at) = (0, Instant::now());
            loop {
                tokio::time::sleep(CHANGED).await;
                let running = worker.shared.running.len();
                if running != told || at.elapsed() >= ANNOUNCED {
                    // It is told again soon.
                    let _ = worker.announce().await;
                    (told, at) = (running, Instant::now());
                }
            }
        });
        let worker = Arc::clone(self);
        self.until_stopped(async move {
            loop {
                worker.look();
                tokio::time::sleep(LOOK).await;
            }
        });
    }

    fn until_stopped(&self, what: impl Future<Output = ()> + Send + 'static) {
        let stopping = self.shared.stopping.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = stopping.cancelled() => {}
                () = what => {}
            }
        });
    }

    async fn told(&self, of: &str, ended: Result<(), QueueError>) {
        if let Err(err) = ended {
            warn!("the queue tells nothing of {of} at the moment: {err}");
        }
        tokio::time::sleep(AGAIN).await;
    }

    async fn announce(&self) -> Result<(), QueueError> {
        let Some(plugins) = self.plugins.upgrade() else {
            return Ok(());
        };
        let host = Host {
            name: self.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            jobs: self.jobs,
            running: self.shared.running.len(),
            since: self.since,
            now: now(),
            runners: runners::of(&plugins.live.report()),
        };
        self.taker.announce(&host).await
    }

    /// Asks for what the plugins in service take, and for nothing else any more.
    fn look(self: &Arc<Self>) {
        let Some(plugins) = self.plugins.upgrade() else {
            return;
        };
        let runners = runners::of(&plugins.live.report());
        let known = self.known.lock();
        let mut asked = self.asked.lock();
        for (token, need) in &*known {
            let can = runners.iter().any(|runner| runner.meets(need));
            if !can && let Some(asking) = asked.remove(token) {
                info!("no more tasks of the queue that need {need}");
                asking.cancel();
            } else if can && !asked.contains_key(token) {
                let ended = self.shared.stopping.child_token();
                asked.insert(token.clone(), ended.clone());
                let asking = Arc::clone(self).ask(need.clone(), ended);
                self.shared.asking.spawn(asking);
            }
        }
    }

    /// Takes tasks of one need.
    async fn ask(self: Arc<Self>, need: Need, ended: CancellationToken) {
        let mut fetched = None;
        let mut is_told = false;
        while !ended.is_cancelled() {
            let round = self.round(&need, &mut fetched, &ended);
            match round.await {
                Ok(()) => is_told = false,
                Err(err) => {
                    if !std::mem::replace(&mut is_told, true) {
                        warn!("the queue gives no tasks at the moment: {err}");
                    }
                    // The consumer may have gone with a server's disk.
                    fetched = None;
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }

    async fn round(
        self: &Arc<Self>,
        need: &Need,
        fetched: &mut Option<Fetched>,
        ended: &CancellationToken,
    ) -> Result<(), QueueError> {
        let fetched = match fetched {
            Some(fetched) => fetched,
            None => fetched.insert(self.taker.ask_for(need).await?),
        };
        let places = Arc::clone(&self.places);
        let place = tokio::select! {
            place = places.acquire_owned() => place,
            () = ended.cancelled() => return Ok(()),
        };
        let Ok(place) = place else { return Ok(()) };
        let mut all = vec![place];
        self.add_free(&mut all);
        let enough = self.jobs / 8;
        if all.len() < enough {
            let more = u32::try_from(enough - all.len()).unwrap_or(u32::MAX);
            let more = Arc::clone(&self.places).acquire_many_owned(more);
            // Those that it has waited for in vain are free again.
            if let Ok(Ok(mut more)) = tokio::time::timeout(GATHER, more).await {
                all.extend(std::iter::from_fn(|| more.split(1)));
            }
            self.add_free(&mut all);
        }
        let mut taken = fetched.take(all.len(), None).await?;
        if taken.is_empty() {
            all.truncate(1);
            let kinds = self.asked.lock().len();
            if self.idle.fetch_add(1, Ordering::Relaxed) + 1 < kinds {
                return Ok(());
            }
            let wait = if kinds > self.jobs { SHORT } else { WAIT };
            // What is asked for cannot be taken back: what comes meanwhile is run.
            taken = fetched.take(1, Some(wait)).await?;
        }
        if !taken.is_empty() {
            self.idle.store(0, Ordering::Relaxed);
        }
        for delivery in taken {
            let place = all.pop();
            self.begin(delivery, place);
        }
        Ok(())
    }

    /// Adds the places that are free.
    fn add_free(&self, all: &mut Vec<OwnedSemaphorePermit>) {
        while all.len() < BATCH
            && let Ok(place) = Arc::clone(&self.places).try_acquire_owned()
        {
            all.push(place);
        }
    }

    fn begin(self: &Arc<Self>, delivery: Delivery, place: Option<OwnedSemaphorePermit>) {
        let worker = Arc::clone(self);
        self.attempts.spawn(async move {
            let _place = place;
            if worker.shared.stopping.is_cancelled() {
                worker.shared.give_back(&delivery).await;
                worker.shared.counts.add(Fate::GivenBack);
            } else {
                attempt::run(&worker.shared, delivery).await;
            }
        });
    }

    pub(super) fn queue(&self) -> &Queue {
        self.taker.queue()
    }

    /// What the queue calls this host.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// How many tasks it runs at the same time.
    pub(super) fn jobs(&self) -> usize {
        self.jobs
    }

    /// The tasks that it runs now.
    pub(super) fn running(&self) -> Vec<RunningTask> {
        self.shared.running.list()
    }

    pub(super) fn counts(&self) -> &Counts {
        &self.shared.counts
    }

    /// Takes no more tasks.
    pub(crate) fn stop(&self) {
        self.shared.asking.close();
        self.shared.stopping.cancel();
    }

    /// Ends the tasks that run: those that end by themselves within `drain` do, the others are cancelled and
    /// get their grace.
    pub(crate) async fn end_tasks(&self, drain: Duration) {
        self.attempts.close();
        if tokio::time::timeout(drain, self.attempts.wait())
            .await
            .is_err()
        {
            let left = self.shared.supervisor.tasks();
            info!("ending {left} tasks of the queue");
            self.shared.supervisor.stop().await;
        }
    }

    /// Waits until the results of all that were taken are stored, or they are given back; at most so long.
    pub(crate) async fn finish(&self, most: Duration) {
        if tokio::time::timeout(most, self.attempts.wait())
            .await
            .is_err()
        {
            warn!(
                "the queue does not answer: tasks that it has no result of are delivered to other hosts"
            );
        }
        self.taker.leave().await;
        self.taker.queue().flush().await;
    }
}
