//! Ctrl-C and its like: the first cancels every task, the second exits at once.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use parking_lot::Mutex;
use solti_plugin_host::Plugin;
use solti_plugin_host::report::Warning;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::exit::Exit;
use crate::present::message;

/// What the plugins get to kill what they have started, when the program exits at once.
const LAST_MOMENT: Duration = Duration::from_millis(500);

/// How long the end of a run waits until the first signal has been told of.
const TO_SAY_SO: Duration = Duration::from_millis(500);

/// The signals that have come.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    /// The number of the first one, 0 before it.
    first: AtomicI32,
    again: AtomicI32,
    /// Ends when the first one has been told of.
    told: Mutex<Option<Receiver<()>>>,
}

impl Signals {
    /// The number of the first one, if one has come.
    pub(crate) fn first(&self) -> Option<i32> {
        Some(self.first.load(Ordering::Relaxed)).filter(|signal| *signal > 0)
    }

    /// The number of the second one.
    pub(crate) fn again(&self) -> Option<i32> {
        Some(self.again.load(Ordering::Relaxed)).filter(|signal| *signal > 0)
    }

    /// Waits until the first one has been told of, unless standard error is full: what is said of the end
    /// of a run comes behind it. Blocks half a second at most.
    pub(crate) fn wait_until_told(&self) {
        if let Some(told) = self.told.lock().take() {
            // It ends without a word, when it is dropped.
            let _ = told.recv_timeout(TO_SAY_SO);
        }
    }
}

/// The signals that end a run: Ctrl-C, `kill`, a terminal that is closed, and Ctrl-\.
const KINDS: [SignalKind; 4] = [
    SignalKind::interrupt(),
    SignalKind::terminate(),
    SignalKind::hangup(),
    SignalKind::quit(),
];

/// Cancels `stop` at the first signal. Ends the program at the second, after it has stopped the
/// plugins, so that no process of theirs is left behind; and in any case a moment later.
///
/// A signal that was ignored when the program started stays so, as `nohup` has it.
///
/// # Errors
///
/// When the system refuses a handler for the signals.
pub(crate) fn watch(
    stop: CancellationToken,
    signals: Arc<Signals>,
    plugins: Vec<Plugin>,
) -> std::io::Result<()> {
    let ignored = ignored();
    let kinds: Vec<_> = KINDS
        .into_iter()
        .filter(|kind| ignored >> (kind.as_raw_value() - 1) & 1 == 0)
        .collect();
    let numbers: Vec<_> = kinds.iter().map(|kind| kind.as_raw_value()).collect();
    solti_plugin_host::exit_at_second_signal(&numbers)?;
    let (come, mut heard) = mpsc::channel(KINDS.len());
    for kind in kinds {
        let (mut signal, come) = (signal(kind)?, come.clone());
        tokio::spawn(async move {
            while signal.recv().await.is_some() && come.send(kind).await.is_ok() {}
        });
    }
    tokio::spawn(async move {
        let Some(first) = heard.recv().await else {
            return;
        };
        signals.first.store(first.as_raw_value(), Ordering::Relaxed);
        let (telling, told) = sync_channel::<()>(0);
        *signals.told.lock() = Some(told);
        stop.cancel();
        // On a thread of its own: a standard error that is full must not keep the second from being heard.
        let told = std::thread::Builder::new().spawn(move || {
            let _telling = telling;
            message::warning(Warning::new(
                "cancelling",
                "cancelling every task; interrupt again to exit at once",
            ));
        });
        // What could not be said for want of a thread is no reason not to do it.
        drop(told);
        let Some(again) = heard.recv().await else {
            return;
        };
        let again = again.as_raw_value();
        signals.again.store(again, Ordering::Relaxed);
        timeout(LAST_MOMENT, kill_all(plugins)).await.ok();
        solti_plugin_host::exit_now(Exit::Signaled(again).code());
    });
    Ok(())
}

/// The signals that are ignored, a bit for each, the first for number 1; none where the system does not
/// say.
pub(crate) fn ignored() -> u64 {
    let status = fs::read("/proc/self/status").unwrap_or_default();
    // The name of the program is in it, which may be no text.
    let status = String::from_utf8_lossy(&status);
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}

/// Stops the runtimes of the plugins and waits until they have dropped what ran in them.
async fn kill_all(plugins: Vec<Plugin>) {
    let (done, stopped) = oneshot::channel();
    let all = plugins.clone();
    let stop = move || {
        for plugin in &all {
            plugin.shutdown(Duration::ZERO);
        }
        done.send(()).ok();
    };
    // Not by the runtime: it panics where the system has no thread left.
    if std::thread::Builder::new().spawn(stop).is_ok() {
        stopped.await.ok();
    }
    while plugins.iter().any(|plugin| plugin.active_tasks() > 0) {
        sleep(Duration::from_millis(1)).await;
    }
}
