//! Ctrl-C and SIGTERM: the first cancels every task, the second exits at once.

use std::time::Duration;

use solti_plugin_host::Plugin;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::exit::Exit;
use crate::present::message;

/// What the plugins get to kill what they have started, when the program exits at once.
const LAST_MOMENT: Duration = Duration::from_millis(500);

/// Cancels `stop` at the first signal. Ends the program at the second, after it has stopped the
/// plugins, so that no process of theirs is left behind.
///
/// # Errors
///
/// When the system refuses a handler for the signals.
pub(crate) fn watch(stop: CancellationToken, plugins: Vec<Plugin>) -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        either(&mut interrupt, &mut terminate).await;
        stop.cancel();
        message::warning("cancelling every task; interrupt again to exit at once");
        either(&mut interrupt, &mut terminate).await;
        timeout(LAST_MOMENT, kill_all(plugins)).await.ok();
        solti_plugin_host::exit_now(Exit::Interrupted.code());
    });
    Ok(())
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
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
