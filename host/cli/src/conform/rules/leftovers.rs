//! Rules about what a plugin keeps: while it has nothing to do, and when it is gone.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use crate::conform::process::{
    children, descriptors, is_listed, more_than, processor_time, threads, until_none,
};
use crate::conform::request::Request;
use crate::conform::rule::SOON;
use crate::conform::subject::Subject;
use crate::conform::tasks::Does;
use crate::conform::verdict::{Tried, Unmet, broken};

/// How long a plugin that has nothing to do is looked at, and how often at most.
const LOOKED_AT: Duration = Duration::from_millis(500);
const LOOKS: u32 = 6;

/// The most processor time that it may take then: a twentieth. A thread that spins gets more than that on
/// a busy machine, too.
const PART: u32 = 20;

/// How long threads may take to end that are kept for a moment: those for building are for two seconds.
const KEPT: Duration = Duration::from_secs(10);

pub(in crate::conform) fn idle_costs_nothing(request: &Request) -> Tried {
    let subject = Subject::load(request)?;
    subject.run_quick()?;
    let mut least = Duration::MAX;
    for _ in 0..LOOKS {
        let (began, before) = (Instant::now(), processor_time());
        thread::sleep(LOOKED_AT);
        let taken = processor_time().saturating_sub(before);
        // What it has finished by the next look was no idleness.
        if taken * PART <= began.elapsed() {
            return Ok(());
        }
        least = least.min(taken);
    }
    Err(broken(
        format!(
            "with nothing to do it takes {} ms of processor time in each {} ms at least",
            least.as_millis(),
            LOOKED_AT.as_millis()
        ),
        "wait for what is to happen, do not look for it again and again",
    ))
}

/// Does what a plugin mostly does.
fn work(subject: &Subject<'_>) -> Tried {
    subject.run_quick()?;
    subject.run_quick()?;
    if subject.task(Does::Long).is_ok() {
        let mut begun = subject.begin_long()?;
        begun.is_cancelled()?;
    }
    Ok(())
}

/// Works and shuts down; what is left then that was not there before.
fn left_by(request: &Request, look: fn() -> BTreeMap<u64, String>) -> Result<Vec<String>, Unmet> {
    is_listed()?;
    let before = look();
    let subject = Subject::load(request)?;
    work(&subject)?;
    subject.shut_down(SOON);
    Ok(until_none(KEPT, || more_than(&before, look())))
}

pub(in crate::conform) fn no_descriptor(request: &Request) -> Tried {
    is_listed()?;
    let before = descriptors();
    let subject = Subject::load(request)?;
    work(&subject)?;
    // A runtime keeps what it waits with: that is there from the first work on, and no more of it later.
    let running = descriptors();
    work(&subject)?;
    subject.shut_down(SOON);
    let left = until_none(KEPT, || {
        let mut left = Vec::new();
        for (what, count) in descriptors() {
            let is_of_runtime = what == "socket" || what.starts_with("anon_inode:");
            let earlier = if is_of_runtime { &running } else { &before };
            let more = count.saturating_sub(earlier.get(&what).copied().unwrap_or(0));
            left.extend(std::iter::repeat_n(what, more));
        }
        left
    });
    match left.first() {
        None => Ok(()),
        Some(open) => Err(broken(
            format!("after its shutdown it has open {}", told(open, left.len())),
            "close what an attempt opens with the attempt, and what a runner opens with the runner",
        )),
    }
}

pub(in crate::conform) fn no_thread(request: &Request) -> Tried {
    let left = left_by(request, threads)?;
    match left.first() {
        None => Ok(()),
        Some(thread) => Err(broken(
            format!(
                "after its shutdown it has the thread {}",
                told(thread, left.len())
            ),
            "let threads end with the attempt or the runner that started them",
        )),
    }
}

pub(in crate::conform) fn no_child(request: &Request) -> Tried {
    let left = left_by(request, children)?;
    match left.first() {
        None => Ok(()),
        Some(child) => Err(broken(
            format!(
                "after its shutdown it has the child {}",
                told(child, left.len())
            ),
            "start programs by `solti_plugin_abi::process`, which ends and reaps them",
        )),
    }
}

/// The first of several, and how many others there are.
fn told(first: &str, count: usize) -> String {
    let others = crate::present::phrase::and_others(count - 1);
    format!("'{first}'{others}")
}
