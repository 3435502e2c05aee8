//! The end of this program where it is not its own: a plugin calls `exit`, a reader holds it up, or a
//! thread of its own panics.

use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use solti_plugin_host::report::Warning;
use tokio_util::sync::CancellationToken;

use crate::exit::Exit;
use crate::limits;
use crate::present::message;

/// What a run gets to cancel its tasks, write what there is, and end.
const LIMIT: Duration = Duration::from_millis(900);

/// What tasks, plugins and readers get of that.
pub(crate) const AT_ONCE: Duration = Duration::from_millis(200);

/// The run that goes on: how to end it, and how the program ends where that takes too long.
static RUN: Mutex<Option<(CancellationToken, Exit)>> = Mutex::new(None);

static BY_PLUGIN: OnceLock<()> = OnceLock::new();

/// Watches for it from now on; until a run begins, the program ends like `failed`.
///
/// # Errors
///
/// When the system takes no further exit handler.
pub(crate) fn watch(failed: Exit) -> std::io::Result<()> {
    solti_plugin_host::exit_at_panic(move |panic| {
        message::last_error(format_args!(
            "this program cannot go on and ends: {panic}{}",
            limits::reached(panic)
        ));
        let run = RUN.try_lock();
        let of_run = run.and_then(|run| run.as_ref().map(|(_, exit)| *exit));
        of_run.unwrap_or(failed).code()
    });
    solti_plugin_host::on_exit_by_plugin(move |file| {
        let _ = BY_PLUGIN.set(());
        message::error(format_args!(
            "{file} has ended this program: the plugin called exit, which no plugin may"
        ));
        let run = RUN.lock().take();
        let Some((stop, exit)) = run else {
            return failed.code();
        };
        stop.cancel();
        // The run goes on beside this and ends the program, unless it needs the thread that waits here.
        thread::sleep(LIMIT);
        exit.code()
    })
}

/// A run begins, which `stop` ends; the program ends like `exit` where that takes too long.
pub(crate) fn run_begins(stop: &CancellationToken, exit: Exit) {
    *RUN.lock() = Some((stop.clone(), exit));
}

/// Ends this program after `limit`, whatever it does then: it may be writing to a pipe that nobody reads.
pub(crate) fn within(limit: Duration, exit: Exit) {
    if let Err(err) = solti_plugin_host::exit_within(limit, exit.code()) {
        message::warning(Warning::new(
            "end_without_limit",
            format!("the end of this program has no limit: {err}"),
        ));
    }
}

/// Whether a plugin has ended this program: there is little time.
pub(crate) fn by_plugin() -> bool {
    BY_PLUGIN.get().is_some()
}
