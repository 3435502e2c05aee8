//! Rules about what a plugin reports of its attempts.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use solti_plugin_host::counts::Counts;

use crate::conform::begun::Begun;
use crate::conform::process::until_none;
use crate::conform::request::Request;
use crate::conform::rule::SOON;
use crate::conform::subject::Subject;
use crate::conform::tasks::{Does, Work};
use crate::conform::verdict::{Tried, broken};

/// How long an attempt may take that is to time out: longer than it takes to begin.
const TIME: Duration = Duration::from_secs(1);

pub(in crate::conform) fn of_success(request: &Request) -> Tried {
    let subject = Subject::load(request)?;
    subject.run_quick()?;
    recorded(&subject, "success")
}

pub(in crate::conform) fn of_failure(request: &Request) -> Tried {
    let subject = Subject::load(request)?;
    subject.begin(Does::Failing)?.fail()?;
    recorded(&subject, "failure")
}

pub(in crate::conform) fn of_cancel(request: &Request) -> Tried {
    let subject = Subject::load(request)?;
    let mut begun = subject.begin_long()?;
    begun.is_cancelled()?;
    recorded(&subject, "canceled")
}

pub(in crate::conform) fn of_timeout(request: &Request) -> Tried {
    let subject = Subject::load(request)?;
    let task = subject.task(Does::Long)?;
    let work = with_timeout(&task.work, TIME);
    let task = subject
        .build_work(&work)
        .map_err(|err| subject.not_kept(Does::Long, &format!("could not be built: {err}")))?;
    let began = Instant::now();
    let begun = Begun::attempt(&subject, Does::Long, task, 1, Some(TIME)).has_written()?;
    // The supervisor's clock: it drops the attempt when that is over.
    thread::sleep((TIME + TIME / 10).saturating_sub(began.elapsed()));
    drop(begun.future);
    recorded(&subject, "timeout")
}

/// The same work with another limit on its time.
fn with_timeout(work: &Work, time: Duration) -> Work {
    let mut value = serde_json::to_value(work).expect("a task is JSON");
    for spec in value
        .as_object_mut()
        .into_iter()
        .flat_map(|it| it.values_mut())
    {
        spec["timeout"] = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).into();
    }
    serde_json::from_value(value).unwrap_or_else(|_| work.clone())
}

/// Waits for the record of the one attempt that there was, which ended so.
fn recorded(subject: &Subject<'_>, outcome: &'static str) -> Tried {
    let is_expected = |counts: &Counts| {
        let started = counts.started.values().sum::<u64>();
        started == 1 && ended(counts) == BTreeMap::from([(outcome, 1)])
    };
    // What is dropped is recorded by whoever drops it, on a thread of the plugin's.
    until_none(SOON, || {
        let counts = subject.counts();
        Vec::from_iter((!is_expected(&counts)).then_some(()))
    });
    let counts = subject.counts();
    if is_expected(&counts) {
        return Ok(());
    }
    let started = counts.started.values().sum::<u64>();
    let ends: Vec<_> = ended(&counts)
        .into_iter()
        .map(|(outcome, count)| format!("{count} {outcome}"))
        .collect();
    let ends = if ends.is_empty() {
        "none".to_owned()
    } else {
        ends.join(", ")
    };
    Err(broken(
        format!(
            "of one attempt {started} were recorded as started and as ended: {ends}; expected \
             1 {outcome}"
        ),
        "make tasks by `attempts`, or hold an `AttemptRecord` in the future of each attempt",
    ))
}

/// How many attempts ended, by outcome.
fn ended(counts: &Counts) -> BTreeMap<&'static str, u64> {
    let mut ended = BTreeMap::new();
    for (outcome, count) in counts.completed.values().flatten() {
        *ended.entry(*outcome).or_default() += count;
    }
    ended
}
