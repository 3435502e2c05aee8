//! A connected plugin as a whole.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use abi_stable::std_types::{RBox, RResult};
use bytes::Bytes;
use parking_lot::{RwLock, RwLockReadGuard};
use solti_plugin_abi::CallFuture;
use solti_plugin_abi::v1::error::FfiError;
use solti_plugin_abi::v1::plugin::PluginAbi_TO;
use solti_plugin_abi::v1::runner::RunnerAbi_TO;
use solti_plugin_abi::v1::runner::format;
use solti_plugin_abi::v1::task::TaskAbi_TO;

use super::call;
use super::panics::Panics;
use super::parting::{Object, Parting};
use super::tally::{AttemptCounts, LastError, Tally};
use crate::services::instruments::{Instruments, Measured};
use crate::services::log::Records;
use crate::services::output::Unannounced;

/// A plugin that has been loaded, for as long as the process lives.
///
/// Clones are handles to the same plugin. Dropping the last one unloads nothing: a library is never
/// closed, because its threads and thread-locals may outlive every handle.
#[derive(Clone)]
pub struct Plugin {
    inner: Arc<Inner>,
}

struct Inner {
    version: String,
    features: Vec<String>,
    /// The formats of specs that it reads.
    formats: Vec<u32>,
    control: PluginAbi_TO<RBox<()>>,
    records: Arc<Records>,
    /// The generation of the log's answers that the plugin was last told of.
    log_generation: AtomicU64,
    panics: Arc<Panics>,
    instruments: Arc<Instruments>,
    unannounced: Arc<Unannounced>,
    /// Held while an attempt begins.
    draining: RwLock<bool>,
    tally: Tally,
    parting: Arc<Parting>,
}

/// How long a shutdown waits for the log to take what the plugin has logged.
const LAST_RECORDS_WITHIN: Duration = Duration::from_secs(1);

/// While it is there, a plugin does not begin to drain.
#[expect(dead_code, reason = "it is there to be dropped")]
pub(crate) struct Entered<'a>(RwLockReadGuard<'a, bool>);

/// How a plugin's shutdown went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownOutcome {
    /// The attempts that had not ended within the grace; they no longer run.
    pub unfinished: u64,
    /// The runners and tasks whose destructors had not ended within the grace; they may still run.
    pub undropped: u64,
    /// How long the shutdown took.
    pub took: Duration,
}

impl Plugin {
    pub(crate) fn new(
        version: String,
        features: Vec<String>,
        formats: Vec<u32>,
        control: PluginAbi_TO<RBox<()>>,
        records: Arc<Records>,
        instruments: Arc<Instruments>,
        panics: Arc<Panics>,
    ) -> Self {
        let unannounced = Arc::new(Unannounced::of(Arc::clone(panics.plugin())));
        let log_generation = AtomicU64::new(records.log().generation());
        Self {
            inner: Arc::new(Inner {
                version,
                features,
                formats,
                control,
                records,
                log_generation,
                panics,
                instruments,
                unannounced,
                draining: RwLock::new(false),
                tally: Tally::default(),
                parting: Arc::default(),
            }),
        }
    }

    /// The plugin's name, as its stamp has it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.inner.panics.plugin()
    }

    /// The plugin's version, as its stamp has it.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.inner.version
    }

    /// How often the plugin's code has panicked since it was loaded.
    #[must_use]
    pub fn panics(&self) -> u64 {
        self.inner.panics.so_far()
    }

    /// Whether the plugin has panicked as often as the host allows, or was told to [`retire`](Self::retire).
    ///
    /// Its runners are then given no more tasks; what they have begun goes on.
    #[must_use]
    pub fn is_retired(&self) -> bool {
        self.inner.panics.is_retired()
    }

    /// Whether the plugin has panicked as often as the host allows, which retires it.
    #[must_use]
    pub fn has_panicked_too_often(&self) -> bool {
        self.inner.panics.reached_limit()
    }

    /// Retires the plugin, until it is told to [`reinstate`](Self::reinstate): its runners are given no more
    /// tasks, what they have begun goes on. The plugin itself is not told.
    pub fn retire(&self) {
        self.inner.panics.withdraw();
    }

    /// Puts a plugin back that was retired, or has panicked as often as the host allows: its runners are
    /// given tasks again, until it has panicked as often once more.
    pub fn reinstate(&self) {
        self.inner.panics.forgive();
    }

    /// The number of attempts that have begun and not ended.
    #[must_use]
    pub fn active_tasks(&self) -> u64 {
        self.inner.control.active_tasks()
    }

    /// What became of the attempts that have ended.
    #[must_use]
    pub fn attempts(&self) -> AttemptCounts {
        self.inner.tally.counts()
    }

    /// The last error that it has answered with: that of a build, a call or an attempt, or a panic.
    #[must_use]
    pub fn last_error(&self) -> Option<LastError> {
        self.inner.tally.last_error()
    }

    /// What its attempts are counted by.
    pub(super) fn tally(&self) -> &Tally {
        &self.inner.tally
    }

    /// Cancels the plugin's attempts, gives them `grace` to end, and then stops its runtime.
    ///
    /// Blocks the calling thread until the last attempt has ended, and the destructors of the runners and
    /// tasks that were dropped by now, for `grace` at most: in asynchronous code, call it by
    /// `spawn_blocking`. Then it waits for the log to take the plugin's last records, for a second at
    /// most. Attempts that begin later end as cancelled at once. A second call finds nothing to do.
    pub fn shutdown(&self, grace: Duration) -> ShutdownOutcome {
        let began = Instant::now();
        let left = || grace.saturating_sub(began.elapsed());
        // A destructor may need the runtime; attempts are left half of the time to end in order.
        self.inner.parting.wait(grace / 2);
        let grace_ms = u64::try_from(left().as_millis()).unwrap_or(u64::MAX);
        let unfinished = self.inner.control.shutdown(grace_ms);
        let undropped = self.inner.parting.wait(left());
        self.inner.records.flush(LAST_RECORDS_WITHIN);
        ShutdownOutcome {
            unfinished,
            undropped: undropped as u64,
            took: began.elapsed(),
        }
    }

    /// Waits for the destructors of the runners and tasks that were dropped by now, for `grace` at most,
    /// and leaves the plugin as it is: for a host that has run none of its tasks. Blocks as
    /// [`shutdown`](Self::shutdown) does.
    pub fn wait_for_destructors(&self, grace: Duration) -> ShutdownOutcome {
        let began = Instant::now();
        let undropped = self.inner.parting.wait(grace);
        self.inner.records.flush(LAST_RECORDS_WITHIN);
        ShutdownOutcome {
            unfinished: 0,
            undropped: undropped as u64,
            took: began.elapsed(),
        }
    }

    /// What of the plugin's nobody holds any more and is not gone yet, such as `runner 'demo'` and
    /// `task 'demo-7'`; the first is the one whose destructor runs.
    ///
    /// Dropping a router or a runner of a plugin's blocks nobody, and a
    /// [`Supervisor`](crate::supervise::Supervisor) waits for no task that it lets go of: their authors'
    /// destructors run on a thread of their own, and [`shutdown`](Self::shutdown) waits for them. A task
    /// that is dropped otherwise is gone when that returns.
    #[must_use]
    pub fn being_dropped(&self) -> Vec<String> {
        self.inner.parting.left()
    }

    /// Has the destructor of a runner run, without waiting for it.
    pub(super) fn part_with_runner(&self, name: &'static str, runner: RunnerAbi_TO<RBox<()>>) {
        self.inner.parting.part(Object::Runner(name, runner));
    }

    /// Has the destructor of a task run.
    pub(super) fn part_with_task(&self, name: String, task: TaskAbi_TO<RBox<()>>) {
        self.inner.parting.part_with_task(name, task);
    }

    /// Why a retired plugin is given no task.
    pub(super) fn refusal(&self) -> String {
        self.inner.panics.refusal()
    }

    /// Tells the plugin that it is to be replaced: it builds nothing more, begins no attempt, and lets go
    /// of what it owns exclusively, such as ports. What it has begun goes on. Blocks for as long as its
    /// author's code does, which should not.
    pub fn drain(&self) {
        self.take_no_more();
        self.inner.control.drain();
    }

    /// From now on its runners are given no tasks, and no attempt of a [`LivePlugins`](crate::LivePlugins)'
    /// task begins there: the plugin itself is not told.
    pub(crate) fn take_no_more(&self) {
        // What begins at this moment has begun before it is told.
        *self.inner.draining.write() = true;
    }

    /// Whether the plugin has been told to [`drain`](Self::drain): a router gives its runners no more tasks.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        *self.inner.draining.read_recursive()
    }

    /// Keeps the plugin from draining while an attempt begins; `None` where it drains already.
    pub(crate) fn enter(&self) -> Option<Entered<'_>> {
        let draining = self.inner.draining.read_recursive();
        (!*draining).then_some(Entered(draining))
    }

    /// Takes a drain back, also after a shutdown that has ended: the plugin is given tasks again. `false` where
    /// it cannot, since its runners are gone.
    pub(crate) fn resume(&self) -> bool {
        let resumed = self.inner.control.resume();
        if resumed {
            *self.inner.draining.write() = false;
        }
        resumed
    }

    /// Ends when the plugin has neither builds nor attempts under way. Dropping it changes nothing.
    pub async fn idle(&self) {
        self.inner.control.idle().await;
    }

    /// What the plugin has measured with instruments of its own so far, by name and labels.
    #[must_use]
    pub fn measured(&self) -> Vec<Measured> {
        self.inner.instruments.measured()
    }

    /// How many of its measurements were left out: a plugin may have 64 instruments and 1024 sets of labels,
    /// and what is no measurement counts, too.
    #[must_use]
    pub fn measurements_left_out(&self) -> u64 {
        self.inner.instruments.overflow()
    }

    /// How many of the plugin's log records were lost because the log took them too slowly: see
    /// [`PluginLog`](crate::PluginLog).
    #[must_use]
    pub fn records_lost(&self) -> u64 {
        self.inner.records.lost()
    }

    /// How many sinks the plugin has taken for runs that the host had not announced, by
    /// `OutputRegistry::ensure_channel`: it may have made up an id. The first is named in the log.
    #[must_use]
    pub fn unannounced_sinks(&self) -> u64 {
        self.inner.unannounced.sinks()
    }

    /// What the plugin can do beyond version 1 of the ABI, as it says itself.
    #[must_use]
    pub fn features(&self) -> &[String] {
        &self.inner.features
    }

    /// The formats of specs that the plugin reads, as its stamp has them: 1 is `TaskSpec`, 2 is
    /// [`Workload`](solti_plugin_abi::Workload).
    #[must_use]
    pub fn formats(&self) -> &[u32] {
        &self.inner.formats
    }

    /// Whether it reads specs of a format. No stamp speaks of a rehearsal: a plugin of an SDK without it
    /// says so when it is asked.
    pub(super) fn reads(&self, format: u32) -> bool {
        format == format::REHEARSAL || self.inner.formats.contains(&format)
    }

    /// That it does not read specs of a format, and which it reads: the end of a sentence.
    pub(super) fn reads_instead_of(&self, format: u32) -> String {
        let formats: Vec<_> = self.inner.formats.iter().map(u32::to_string).collect();
        format!(
            "reads specs of format {}, not of format {format}",
            formats.join(" and ")
        )
    }

    /// Calls a method of the plugin, such as `describe` and `health`.
    ///
    /// A plugin that has not answered after 30 seconds is waited for no longer. The future needs the clock of a
    /// tokio runtime; nothing of the plugin runs on the thread that polls it.
    ///
    /// # Errors
    ///
    /// [`CallError`](solti_plugin_abi::CallError), when the future is awaited.
    pub fn call(&self, method: &str, payload: Bytes) -> CallFuture<'static> {
        let plugin = self.clone();
        let take = move |answer| plugin.answer(answer);
        call::of(method, payload, take, |method, payload| {
            self.inner.control.call(method, payload)
        })
    }

    /// The plugin's name, for who keeps it.
    pub(super) fn shared_name(&self) -> Arc<str> {
        Arc::clone(self.inner.panics.plugin())
    }

    /// What counts the plugin's sinks of unannounced runs.
    pub(super) fn unannounced(&self) -> Arc<Unannounced> {
        Arc::clone(&self.inner.unannounced)
    }

    /// Takes what a call into the plugin has answered, after what it has logged before; a panic is counted.
    pub(super) fn answer<T>(&self, answer: RResult<T, FfiError>) -> Result<T, FfiError> {
        self.inner.records.settle();
        let answer = self.inner.panics.count_in(answer);
        if let Err(err) = &answer {
            self.inner.tally.note(&err.text);
        }
        answer
    }

    /// Tells the plugin when the host's log filter has changed since it last asked.
    pub(super) fn refresh_log(&self) {
        let now = self.inner.records.log().generation();
        if self.inner.log_generation.swap(now, Ordering::AcqRel) != now {
            self.inner.control.refresh_log();
            // Refreshing may have registered call sites, which counts as a change.
            self.inner
                .log_generation
                .store(self.inner.records.log().generation(), Ordering::Release);
        }
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin")
            .field("name", &self.name())
            .field("version", &self.inner.version)
            .finish_non_exhaustive()
    }
}
