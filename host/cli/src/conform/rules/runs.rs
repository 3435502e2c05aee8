//! Rules about runs: their ids, their attempts, many of them at a time.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::conform::begun::{Begun, told};
use crate::conform::request::Request;
use crate::conform::subject::Subject;
use crate::conform::tasks::Does;
use crate::conform::verdict::{Tried, broken, untried};

/// How many tasks there are at a time.
const MANY: usize = 100;

/// How many attempts of one task are made.
const ATTEMPTS: u32 = 3;

pub(in crate::conform) fn ids_are_unique(request: &Request) -> Tried {
    let subject = Subject::load(request)?;
    let mut seen = BTreeSet::new();
    let mut kept = Vec::new();
    for _ in 0..MANY {
        let task = subject.build(Does::Quick)?;
        if !seen.insert(task.name().to_owned()) {
            return Err(broken(
                format!("two tasks have the same run id, '{}'", task.name()),
                "take the id from `Runner::build_run_id`, or make tasks by `attempts`",
            ));
        }
        kept.push(task);
    }
    Ok(())
}

pub(in crate::conform) fn attempts_are_numbered(request: &Request) -> Tried {
    let subject = Subject::load(request)?;
    let task = subject.build(Does::Quick)?;
    let name = task.name().to_owned();
    for number in 1..=ATTEMPTS {
        let attempt = Begun::attempt(&subject, Does::Quick, Arc::clone(&task), number, None);
        attempt.succeed()?;
    }
    let written = subject.recorder.written();
    if let Some(other) = written.iter().find(|it| it.task != name) {
        return Err(broken(
            format!("the run '{name}' wrote as the run '{}'", other.task),
            "take the sink of the run's own id, or make tasks by `attempts`",
        ));
    }
    let found: Vec<_> = written.iter().map(|it| it.attempt).collect();
    if found.is_empty() {
        return Err(untried("the task 'quick' writes nothing"));
    }
    let expected: Vec<_> = (1..=ATTEMPTS).collect();
    if found != expected {
        return Err(broken(
            format!("the attempts 1, 2 and 3 of a task wrote as {found:?}"),
            "count attempts from 1, or make tasks by `attempts`",
        ));
    }
    Ok(())
}

pub(in crate::conform) fn a_hundred_at_once(request: &Request) -> Tried {
    let subject = Subject::load(request)?;
    // What one alone does is for other rules to say.
    subject.run_quick()?;
    let mut all = Vec::new();
    for _ in 0..MANY {
        all.push(subject.begin(Does::Quick)?);
    }
    for begun in &mut all {
        if let Err(err) = begun.end()? {
            return Err(broken(
                format!("one of {MANY} tasks at once {}", told(&Err(err))),
                "have what all tasks share wait for its turn, not fail",
            ));
        }
    }
    Ok(())
}
