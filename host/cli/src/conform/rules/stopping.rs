//! Rules about the end: of an attempt, of what a plugin has made, of the plugin.

use std::time::Duration;

use crate::conform::begun::told;
use crate::conform::process::until_none;
use crate::conform::request::Request;
use crate::conform::rule::SOON;
use crate::conform::subject::Subject;
use crate::conform::tasks::Does;
use crate::conform::verdict::{Tried, broken};
use solti_plugin_host::taskvisor::TaskError;

/// What a shutdown may take beyond its grace.
const BEYOND: Duration = Duration::from_secs(5);

pub(in crate::conform) fn cancel(request: &Request) -> Tried {
    let subject = Subject::load(request)?;
    let mut begun = subject.begin_long()?;
    match begun.cancelled()? {
        Some(Err(TaskError::Canceled)) => Ok(()),
        Some(other) => Err(broken(
            format!("a cancelled attempt {}", told(&other)),
            "return `TaskError::Canceled` once `attempt.cancelled()` has ended",
        )),
        None => Err(broken(
            format!(
                "an attempt had not ended {} seconds after it was cancelled",
                SOON.as_secs()
            ),
            "wait for `attempt.cancelled()` beside the work",
        )),
    }
}

pub(in crate::conform) fn dropped(request: &Request) -> Tried {
    let subject = Subject::load(request)?;
    let begun = subject.begin_long()?;
    let name = begun.name.clone();
    // As at a time-out: nobody asks it to end.
    drop(begun.future);
    let left = until_none(SOON, || {
        let active = subject.plugin.active_tasks();
        (active > 0).then_some(active).into_iter().collect()
    });
    let seconds = SOON.as_secs();
    if !left.is_empty() {
        return Err(broken(
            format!("an attempt that was dropped still ran after {seconds} seconds"),
            "await something now and then, and let work on other threads end with a guard that the \
             attempt holds",
        ));
    }
    let closed = subject.recorder.wait(SOON, |sinks| {
        sinks.iter().all(|it| it.task != name || it.closed)
    });
    if !closed {
        return Err(broken(
            format!(
                "something still had the output of an attempt {seconds} seconds after that was dropped"
            ),
            "let threads and tasks that an attempt starts end with it",
        ));
    }
    Ok(())
}

pub(in crate::conform) fn shutdown(request: &Request) -> Tried {
    let subject = Subject::load(request)?;
    let begun = subject.begin_long()?;
    let outcome = subject.plugin.shutdown(SOON);
    let seconds = SOON.as_secs();
    if outcome.unfinished > 0 {
        return Err(broken(
            format!("an attempt had not ended when a shutdown of {seconds} seconds was over"),
            "wait for `attempt.cancelled()` beside the work, and bound what is done after it",
        ));
    }
    if outcome.took > SOON + BEYOND {
        let took = outcome.took.as_secs();
        return Err(broken(
            format!("a shutdown of {seconds} seconds took {took}"),
            "let threads that block end when their attempt does",
        ));
    }
    drop(begun);
    Ok(())
}

pub(in crate::conform) fn destructors(request: &Request) -> Tried {
    let subject = Subject::load(request)?;
    let mut begun = subject.begin(Does::Quick)?;
    begun.end()?.ok();
    drop(begun);
    let outcome = subject.shut_down(SOON);
    match outcome.undropped {
        0 => Ok(()),
        _ => Err(broken(
            format!(
                "destructors of the plugin's still ran after {} seconds",
                SOON.as_secs()
            ),
            "let `Drop` begin what takes long by `solti_plugin_abi::spawn_cleanup`, and not wait",
        )),
    }
}
