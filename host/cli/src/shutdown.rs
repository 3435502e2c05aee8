//! The end of plugins: within a time, and with a word on what is waited for.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use solti_plugin_host::report::Warning;
use solti_plugin_host::{LoadReport, Plugin, ShutdownOutcome};

use crate::present::{message, phrase};

/// A wait that is shorter needs no word.
pub(crate) const WORTH_A_WORD: Duration = Duration::from_secs(1);

/// What all plugins together get on top of their grace: the log has to take their last records.
const MARGIN: Duration = Duration::from_secs(1);

/// Ends the runtimes of the plugins, and waits for the destructors of what they have made: `grace` for all
/// together. Whatever they do meanwhile, it returns a second later.
pub(crate) fn shut_down(report: &LoadReport, grace: Duration) {
    end_all(&plugins_of(report), grace, Plugin::shutdown);
}

/// The same for plugins that have run nothing: only for the destructors of their runners.
pub(crate) fn wait_for_destructors(report: &LoadReport, grace: Duration) {
    end_all(&plugins_of(report), grace, Plugin::wait_for_destructors);
}

/// The plugins that were loaded.
pub(crate) fn plugins_of(report: &LoadReport) -> Vec<Plugin> {
    let loaded = report.loaded().iter();
    loaded.map(|plugin| plugin.handle.clone()).collect()
}

fn end_all(
    plugins: &[Plugin],
    grace: Duration,
    ended_by: fn(&Plugin, Duration) -> ShutdownOutcome,
) {
    let until = Instant::now() + grace;
    let (end, ended) = channel();
    let all = plugins.to_vec();
    let shut_down_all = move || {
        for plugin in &all {
            let left = until.saturating_duration_since(Instant::now());
            // Nobody listens any more when the time is over.
            end.send(ended_by(plugin, left)).ok();
        }
    };
    if plugins.is_empty() {
        return;
    }
    let name = thread::Builder::new().name("shutdown".to_owned());
    if name.spawn(shut_down_all).is_err() {
        // Without a thread for it this one has to do, and can say nothing meanwhile.
        for plugin in plugins {
            let left = until.saturating_duration_since(Instant::now());
            tell(plugin, ended_by(plugin, left), grace);
        }
        return;
    }
    for plugin in plugins {
        let outcome = match ended.recv_timeout(WORTH_A_WORD) {
            Err(RecvTimeoutError::Timeout) => {
                let most = until.saturating_duration_since(Instant::now());
                message::last_warning(
                    Warning::new(
                        "waiting_for_plugin",
                        format!(
                            "waiting for plugin '{}', {} at most: {}",
                            plugin.name(),
                            phrase::duration(most),
                            work_of(plugin)
                        ),
                    )
                    .about_plugin(plugin.name()),
                );
                let margin = until + MARGIN;
                ended.recv_timeout(margin.saturating_duration_since(Instant::now()))
            }
            outcome => outcome,
        };
        let Ok(outcome) = outcome else {
            message::last_warning(
                Warning::new(
                    "plugin_not_ended",
                    format!(
                        "plugin '{}' has not ended within {} and is not waited for any longer",
                        plugin.name(),
                        phrase::duration(grace)
                    ),
                )
                .about_plugin(plugin.name()),
            );
            return;
        };
        tell(plugin, outcome, grace);
    }
}

/// What a plugin has not done yet.
fn work_of(plugin: &Plugin) -> String {
    let attempts = plugin.active_tasks();
    let mut work = Vec::new();
    if attempts > 0 {
        work.push(phrase::counted(attempts, "attempt"));
    }
    let objects = plugin.being_dropped();
    if let [first, others @ ..] = &objects[..] {
        let others = phrase::and_others(others.len());
        work.push(format!("the destructor of {first}{others}"));
    }
    if work.is_empty() {
        work.push("its last words to the log".to_owned());
    }
    work.join(", ")
}

fn tell(plugin: &Plugin, outcome: ShutdownOutcome, grace: Duration) {
    for (count, what) in [
        (outcome.unfinished, "attempt"),
        (outcome.undropped, "destructor"),
    ] {
        if count > 0 {
            message::last_warning(
                Warning::new(
                    "plugin_left_behind",
                    format!(
                        "plugin '{}': {} did not end within {}",
                        plugin.name(),
                        phrase::counted(count, what),
                        phrase::duration(grace)
                    ),
                )
                .about_plugin(plugin.name()),
            );
        }
    }
}
