//! The plugin's own tokio runtime.
//!
//! A plugin has its own copy of tokio, whose timers, sockets and processes know nothing of the
//! host's runtime: a plugin's future that the host polled would die at its first `sleep`. So every
//! attempt runs on a runtime inside the plugin, started when the first task is built or the first
//! method is called.

use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::available_parallelism;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use tokio::runtime::{Builder, EnterGuard, Handle, Runtime};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::guard::guard;
use super::probe::in_probe;
use super::workers::{self, Muster};
use crate::signal_stack;

/// That of the runtime of now, which a plugin that resumes after its shutdown has anew: what was handed out
/// before stays what it was, so none is ever dropped.
static HANDLE: RwLock<Option<&'static Handle>> = RwLock::new(None);
/// Kept so that shutdown can take it; a plugin that is never shut down never drops it.
static RUNTIME: Mutex<Option<Runtime>> = Mutex::new(None);
/// 0 until somebody says.
static WORKERS: AtomicUsize = AtomicUsize::new(0);
/// Those of now, as with the handle.
static ATTEMPTS: RwLock<Option<&'static Attempts>> = RwLock::new(None);

/// All attempts and builds of the plugin, for its draining and its shutdown.
pub(super) struct Attempts {
    pub(super) tracker: TaskTracker,
    pub(super) builds: TaskTracker,
    /// The parent of every attempt's and every build's token.
    pub(super) cancel: CancellationToken,
    draining: AtomicBool,
}

impl Attempts {
    fn begun() -> &'static Self {
        Box::leak(Box::new(Self {
            tracker: TaskTracker::new(),
            builds: TaskTracker::new(),
            draining: AtomicBool::new(false),
            cancel: CancellationToken::new(),
        }))
    }

    /// From now on nothing is built and no attempt begins.
    pub(super) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Ends when nothing is under way: a build may lead to an attempt, not the other way round.
    pub(super) async fn idle(&self) {
        // A tracker's wait ends only once it is closed, which keeps nothing out.
        self.builds.close();
        self.tracker.close();
        self.builds.wait().await;
        self.tracker.wait().await;
    }
}

/// Sets the number of worker threads, before the runtime starts; 0 leaves it at what the plugin says.
pub(super) fn configure(workers: u32, of_the_plugin: Option<u32>) {
    let told = match workers {
        0 => of_the_plugin.unwrap_or(0),
        told => told,
    };
    WORKERS.store(told as usize, Ordering::Relaxed);
}

/// What a probe needs of the workers: enough for one of them to wait for another.
const WORKERS_OF_PROBE: usize = 2;

/// The number of worker threads: where nobody has said, one for each processor, as any tokio runtime.
fn workers() -> usize {
    let wanted = match WORKERS.load(Ordering::Relaxed) {
        0 => available_parallelism().map_or(1, NonZeroUsize::get),
        told => told,
    };
    if in_probe() {
        // Each takes address space, which is limited there.
        wanted.min(WORKERS_OF_PROBE)
    } else {
        wanted
    }
}

/// Returns the handle of the plugin's runtime, and starts the runtime if need be.
///
/// `Runner::build_task` and tasks run inside of that runtime already, and so do destructors once it
/// has been started. This is for code outside of them, such as a constructor that starts something
/// in the background; `Runner::supports` is outside, too.
///
/// # Panics
///
/// When the system has no threads or descriptors left for the runtime.
pub fn handle() -> &'static Handle {
    start().unwrap_or_else(|err| panic!("the plugin's runtime could not be started: {err}"))
}

/// The handle of this plugin's runtime, or why the system has no threads or descriptors for it.
pub(super) fn start() -> io::Result<&'static Handle> {
    if let Some(handle) = *HANDLE.read() {
        return Ok(handle);
    }
    let mut kept = RUNTIME.lock();
    // Another thread may have been here before.
    if let Some(handle) = *HANDLE.read() {
        return Ok(handle);
    }
    let granted = workers::granted(workers())?;
    let muster = Muster::of(granted);
    let mut builder = Builder::new_multi_thread();
    builder
        .worker_threads(granted)
        .thread_name("plugin-worker")
        .on_thread_start(move || {
            muster.arrive();
            signal_stack::give();
        })
        .on_thread_stop(signal_stack::take)
        .enable_all();
    // Of some descriptors that it does not get, tokio makes a panic.
    let runtime = guard(|| builder.build())
        .unwrap_or_else(|panicked| Err(io::Error::other(panicked.to_string())))?;
    let handle: &'static Handle = Box::leak(Box::new(runtime.handle().clone()));
    *HANDLE.write() = Some(handle);
    *kept = Some(runtime);
    Ok(handle)
}

/// Enters the runtime if it has been started: destructors of tokio's types may need it.
pub(super) fn enter_started() -> Option<EnterGuard<'static>> {
    HANDLE.read().map(Handle::enter)
}

pub(super) fn attempts() -> &'static Attempts {
    if let Some(attempts) = *ATTEMPTS.read() {
        return attempts;
    }
    ATTEMPTS.write().get_or_insert_with(Attempts::begun)
}

/// Builds and begins attempts again after a drain; after a shutdown with a runtime that starts when it is
/// needed.
pub(super) fn resume() {
    let before = attempts();
    if !before.cancel.is_cancelled() {
        before.draining.store(false, Ordering::Release);
        return;
    }
    // What was handed out of the runtime that is gone leads nowhere any more.
    *HANDLE.write() = None;
    *ATTEMPTS.write() = Some(Attempts::begun());
}

/// Starts work that must be finished even when its attempt is dropped, such as removing what the
/// attempt has made elsewhere.
///
/// Dropping the returned handle does not stop the work. It counts as an attempt until it ends: the
/// plugin's shutdown waits for it within the same grace. A destructor may call this.
///
/// # Panics
///
/// When the runtime has not been started and the system has no threads or descriptors left for it.
pub fn spawn_cleanup(work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    attempts().tracker.spawn_on(work, handle())
}

/// Waits for the end of all attempts, `grace` at most.
///
/// With a clock of its own: that of the plugin's runtime stands still while an attempt that never
/// awaits holds the thread that drives it.
fn ended_within(grace: Duration, attempts: &Attempts) -> bool {
    let Ok(waiting) = Builder::new_current_thread().enable_time().build() else {
        return attempts.tracker.is_empty();
    };
    waiting.block_on(async {
        tokio::time::timeout(grace, attempts.tracker.wait())
            .await
            .is_ok()
    })
}

/// Cancels every attempt, waits at most `grace` for them and then ends the runtime; returns how
/// many attempts had not ended. Later attempts are refused as cancelled.
pub(super) fn shutdown(grace: Duration) -> usize {
    let attempts = attempts();
    attempts.cancel.cancel();
    attempts.tracker.close();
    attempts.builds.close();
    if HANDLE.read().is_none() {
        return 0;
    }
    let left = if ended_within(grace, attempts) {
        0
    } else {
        attempts.tracker.len()
    };
    if let Some(runtime) = RUNTIME.lock().take() {
        runtime.shutdown_background();
    }
    left
}
