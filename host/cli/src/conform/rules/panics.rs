//! Rules about panics.

use serde_json::json;
use solti_plugin_host::taskvisor::TaskError;

use crate::conform::begun::{Begun, told};
use crate::conform::request::Request;
use crate::conform::rule::SOON;
use crate::conform::subject::Subject;
use crate::conform::tasks::{Does, Work, work};
use crate::conform::verdict::{Tried, broken};

/// A path at which nothing is.
const NOWHERE: &str = "/nonexistent/conform";

pub(in crate::conform) fn none_in_ordinary_work(request: &Request) -> Tried {
    let subject = Subject::load(request)?;
    for does in [Does::Quick, Does::Failing] {
        if subject.task(does).is_ok() {
            // How it ends is for other rules.
            subject.begin(does)?.end()?.ok();
            none_in(&subject, &format!("in the task '{}'", does.name()))?;
        }
    }
    if subject.task(Does::Long).is_ok() {
        let mut begun = subject.begin_long()?;
        begun.cancelled()?;
        none_in(&subject, "when its attempt was cancelled")?;
    }
    for kind in &request.kinds {
        for (what, work) in odd(kind) {
            if let Ok(task) = subject.build_work(&work) {
                let mut begun = Begun::of(&subject, Does::Failing, task);
                begun.within(SOON);
            }
            none_in(&subject, &format!("in a task with {what}"))?;
        }
    }
    Ok(())
}

/// That the plugin has not panicked by now.
fn none_in(subject: &Subject<'_>, when: &str) -> Tried {
    if subject.plugin.panics() == 0 {
        return Ok(());
    }
    let last = subject.plugin.last_error();
    let last = last.map_or(String::new(), |err| format!(": {}", err.text));
    Err(broken(
        format!("it panicked {when}{last}"),
        "return an error: a panic ends a task for good, and may leave things half done",
    ))
}

/// Specs of a kind that people may write and that cannot work, and what is wrong with each.
fn odd(kind: &str) -> Vec<(&'static str, Work)> {
    let kinds = match kind {
        "subprocess" => vec![
            (
                "a command that is not there",
                json!({ "subprocess": { "mode": { "command": { "command": NOWHERE } } } }),
            ),
            (
                "a directory that is not there",
                json!({ "subprocess": {
                    "mode": { "command": { "command": "true" } }, "cwd": NOWHERE
                } }),
            ),
        ],
        "wasm" => vec![(
            "a module that is not there",
            json!({ "wasm": { "module": NOWHERE } }),
        )],
        _ => Vec::new(),
    };
    let works = kinds.into_iter().filter_map(|(what, kind)| {
        let spec = json!({ "slot": "conform-odd", "timeout": 5000, "kind": kind });
        Some((what, work(what, &spec).ok()?))
    });
    works.collect()
}

pub(in crate::conform) fn contained(request: &Request) -> Tried {
    let subject = Subject::load(request)?;
    let mut begun = subject.begin(Does::Panicking)?;
    match begun.end()? {
        Err(TaskError::Fatal { .. } | TaskError::Fail { .. }) => {}
        other => {
            let what = format!("was to panic, and {}", told(&other));
            return Err(subject.not_kept(Does::Panicking, &what));
        }
    }
    if subject.plugin.panics() == 0 {
        return Err(subject.not_kept(Does::Panicking, "was to panic, and did not"));
    }
    // The plugin goes on with the next task.
    subject.run_quick()
}
