//! Rules about loading: what a plugin does before it has any work.

use std::thread;
use std::time::Duration;

use crate::conform::place::second;
use crate::conform::process::{children, files_below, is_listed, more_than, threads, until_none};
use crate::conform::request::Request;
use crate::conform::rule::SOON;
use crate::conform::subject::{NotLoaded, Subject};
use crate::conform::verdict::{Tried, broken, untried};

/// The name of the rule that all others in a process depend on.
pub(in crate::conform) const LOADS: &str = "loads";

/// How long what a constructor has begun may take to show.
const SETTLED: Duration = Duration::from_millis(200);

pub(in crate::conform) fn loads(request: &Request) -> Tried {
    match Subject::enter(request, &request.plugins, None) {
        Ok(subject) => {
            // What it has begun may end the process yet.
            thread::sleep(SETTLED);
            drop(subject);
            Ok(())
        }
        Err(NotLoaded::Refused { fact, advice }) => Err(broken(fact, advice)),
        Err(NotLoaded::Failed(why)) => Err(untried(why)),
    }
}

pub(in crate::conform) fn loads_twice(request: &Request) -> Tried {
    let first = Subject::load(request)?;
    let name = second(first.plugin.name());
    let again = Subject::enter(request, &request.again, Some(&name)).map_err(|err| match err {
        NotLoaded::Refused { fact, .. } => broken(
            format!("it does not load beside itself: {fact}"),
            "keep what a process has one of, such as a port, to what a configuration names",
        ),
        NotLoaded::Failed(why) => untried(why),
    })?;
    first.run_quick()?;
    again.run_quick()?;
    first.run_quick()
}

pub(in crate::conform) fn probe_leaves_nothing(request: &Request) -> Tried {
    is_listed()?;
    let (files, processes, ours) = (files_below(&request.own), children(), threads());
    let subject = Subject::load(request)?;
    thread::sleep(SETTLED);
    subject.shut_down(SOON);
    let advice = "leave out in a probe what lasts: `solti_plugin_abi::in_probe()` tells a \
                  constructor that it is one";
    let state = request.own.join("state");
    let now = files_below(&request.own).into_iter();
    // Its own directory is the host's to make.
    let mut left = now.filter(|path| !files.contains(path) && !path.starts_with(&state));
    if let Some(file) = left.next() {
        let file = file.strip_prefix(&request.own).unwrap_or(&file).display();
        return Err(broken(format!("a probe leaves the file {file}"), advice));
    }
    let left = more_than(&processes, children());
    if let Some(child) = left.first() {
        return Err(broken(
            format!("a probe leaves the process {child}"),
            advice,
        ));
    }
    let left = until_none(SOON, || more_than(&ours, threads()));
    match left.first() {
        None => Ok(()),
        Some(thread) => Err(broken(
            format!("a probe leaves the thread {thread}"),
            advice,
        )),
    }
}

pub(in crate::conform) fn no_threads_before_work(request: &Request) -> Tried {
    is_listed()?;
    let ours = threads();
    let _subject = Subject::load(request)?;
    thread::sleep(SETTLED);
    // The threads that it has only to be loaded may end.
    let left = until_none(SOON, || more_than(&ours, threads()));
    match left.first() {
        None => Ok(()),
        Some(thread) => Err(broken(
            format!(
                "it has {} before its first task, of which one is named {thread}",
                counted(left.len(), "thread")
            ),
            "start threads and the runtime with the first task, not in the constructor",
        )),
    }
}

fn counted(count: usize, noun: &str) -> String {
    crate::present::phrase::counted(count as u64, noun)
}
