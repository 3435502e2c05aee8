//! Rules about what a task writes.

use std::thread;
use std::time::Duration;

use crate::conform::request::Request;
use crate::conform::rule::SOON;
use crate::conform::subject::Subject;
use crate::conform::tasks::{Does, MUCH, text};
use crate::conform::verdict::{Tried, broken, untried};

/// How long after the end of an attempt something may still come.
const AFTER: Duration = Duration::from_secs(1);

/// From how many bytes on a writer is to wait.
const HOLD_FROM: u64 = 64 << 10;

/// What may be under way when a writer learns that it is to wait: what it has read by then.
const UNDER_WAY: u64 = 1 << 20;

/// How long a writer is kept waiting.
const HELD: Duration = Duration::from_secs(1);

pub(in crate::conform) fn nothing_after_the_end(request: &Request) -> Tried {
    let subject = Subject::load(request)?;
    subject.run_quick()?;
    // As often as not it is what ends because it was told to that goes on.
    if subject.task(Does::Long).is_ok() {
        let mut begun = subject.begin_long()?;
        begun.is_cancelled()?;
    }
    let before = calls(&subject);
    thread::sleep(AFTER);
    let after = calls(&subject);
    if before.1 != after.1 {
        return Err(broken(
            "something was written when its attempt had ended",
            "end what an attempt starts, and write the last of its output, before it returns",
        ));
    }
    let closed = subject
        .recorder
        .wait(SOON, |sinks| sinks.iter().all(|it| it.closed));
    match closed {
        true => Ok(()),
        false => Err(broken(
            format!(
                "something still had the output of an attempt {} seconds after its end",
                SOON.as_secs()
            ),
            "let go of an attempt's sink with the attempt",
        )),
    }
}

/// How many sinks there are, and how often they were written to.
fn calls(subject: &Subject<'_>) -> (usize, u64) {
    let written = subject.recorder.written();
    (written.len(), written.iter().map(|it| it.calls).sum())
}

pub(in crate::conform) fn pressure(request: &Request) -> Tried {
    let subject = Subject::load(request)?;
    subject.recorder.hold_from(HOLD_FROM);
    let mut begun = subject.begin(Does::Chatty)?;
    let held = begun.wait(|written| written.held);
    if held {
        let goes_on = subject
            .recorder
            .wait(HELD, |sinks| sinks.iter().any(|it| it.unasked > UNDER_WAY));
        if goes_on {
            return Err(broken(
                format!("an attempt wrote more than {UNDER_WAY} bytes after it was told to wait"),
                "await `sink.ready()` when `push` answers `Pressure::Wait`, or write by \
                 `attempt.lines(…)`, which does",
            ));
        }
    }
    subject.recorder.let_go_on();
    match begun.end()? {
        Ok(()) => {}
        Err(err) => return Err(subject.not_kept(Does::Chatty, &format!("failed: {err}"))),
    }
    let bytes: u64 = begun.written().iter().map(|it| it.bytes).sum();
    if bytes < MUCH {
        let what = format!("wrote {bytes} bytes, expected {MUCH} or more");
        return Err(subject.not_kept(Does::Chatty, &what));
    }
    Ok(())
}

pub(in crate::conform) fn text_passes(request: &Request) -> Tried {
    let subject = Subject::load(request)?;
    let task = subject.task(Does::Text)?;
    let mut begun = subject.begin(Does::Text)?;
    if let Err(err) = begun.end()? {
        return Err(subject.not_kept(Does::Text, &format!("failed: {err}")));
    }
    let written = begun.written();
    let (expected, found) = (text(), written.iter().flat_map(|it| &it.stdout));
    let found: Vec<_> = found.copied().collect();
    if found == expected && written.iter().all(|it| it.cut == 0) {
        return Ok(());
    }
    let what = difference(&expected, &found);
    if !task.given && !found.starts_with(&expected[..4]) {
        // The suite's own task is no text for this plugin.
        return Err(untried(format!(
            "the task 'text' wrote something else: {what}"
        )));
    }
    Err(broken(
        format!("a text did not come as it was written: {what}"),
        "hand bytes over as they are, by `attempt.lines(…)`: the host makes text of them",
    ))
}

/// Where two texts differ first, in words.
fn difference(expected: &[u8], found: &[u8]) -> String {
    let lines = |text: &[u8]| -> Vec<Vec<u8>> {
        let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec);
        lines.collect()
    };
    let (expected, found) = (lines(expected), lines(found));
    let shown = |line: Option<&Vec<u8>>| match line {
        None => "nothing".to_owned(),
        Some(line) if line.len() > 60 => format!("{} bytes", line.len()),
        Some(line) => format!("'{}'", String::from_utf8_lossy(line)),
    };
    let most = expected.len().max(found.len());
    let at = (0..most).find(|at| expected.get(*at) != found.get(*at));
    match at {
        None => "a line is said to be cut".to_owned(),
        Some(at) => format!(
            "line {} has {}, expected {}",
            at + 1,
            shown(found.get(at)),
            shown(expected.get(at))
        ),
    }
}
