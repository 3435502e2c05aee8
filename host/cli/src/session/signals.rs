//! Ctrl-C and SIGTERM: the first cancels every task, the second exits at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use solti_plugin_host::Plugin;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::exit::Exit;
use crate::present::message;

/// What the plugins get to kill what they have started, when the program exits at once.
const LAST_MOMENT: Duration = Duration::from_millis(500);

/// The signals that have come.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    /// The number of the first one, 0 before it.
    first: AtomicI32,
    again: AtomicI32,
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
}

/// Cancels `stop` at the first signal. Ends the program at the second, after it has stopped the
/// plugins, so that no process of theirs is left behind.
///
/// # Errors
///
/// When the system refuses a handler for the signals.
pub(crate) fn watch(
    stop: CancellationToken,
    signals: Arc<Signals>,
    plugins: Vec<Plugin>,
) -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        let first = either(&mut interrupt, &mut terminate).await;
        signals.first.store(first.as_raw_value(), Ordering::Relaxed);
        stop.cancel();
        // On a thread of its own: a standard error that is full must not keep the second from being heard.
        std::thread::spawn(|| {
            message::warning("cancelling every task; interrupt again to exit at once");
        });
        let again = either(&mut interrupt, &mut terminate).await.as_raw_value();
        signals.again.store(again, Ordering::Relaxed);
        timeout(LAST_MOMENT, kill_all(plugins)).await.ok();
        solti_plugin_host::exit_now(Exit::Signaled(again).code());
    });
    Ok(())
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) -> SignalKind {
    tokio::select! {
        _ = interrupt.recv() => SignalKind::interrupt(),
        _ = terminate.recv() => SignalKind::terminate(),
    }
}

/// Stops the runtimes of the plugins and waits until they have dropped what ran in them.
async fn kill_all(plugins: Vec<Plugin>) {
    let stopped = tokio::task::spawn_blocking(move || {
        for plugin in &plugins {
            plugin.shutdown(Duration::ZERO);
        }
        plugins
    });
    let plugins = stopped.await.unwrap_or_default();
    while plugins.iter().any(|plugin| plugin.active_tasks() > 0) {
        sleep(Duration::from_millis(1)).await;
    }
}
