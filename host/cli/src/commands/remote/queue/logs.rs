//! `solti-host logs --queue`: what a task of a queue has written.

use std::time::Duration;

use solti_plugin_client::{Event, Frames};
use solti_plugin_queue::{Blocks, Found, Queue};
use tokio::time::sleep;

use super::super::follow::{Printed, tell_once, told_end};
use super::begin::{Begin, Tail};
use super::connect::with_queue;
use super::view;
use crate::args::LogsArgs;
use crate::exit::Exit;
use crate::present::message;

/// How often it is asked whether a task has ended, at first and at most.
const FIRST: Duration = Duration::from_millis(20);
const LAST: Duration = Duration::from_secs(1);

/// Prints it.
pub(in crate::commands) fn logs(args: &LogsArgs) -> anyhow::Result<Exit> {
    let begin = Begin::of(args.tail, args.since.as_deref())?;
    with_queue(
        &args.queue.urls,
        &args.queue.address,
        || {},
        async |queue| {
            let wanted = Wanted {
                delivery: args.attempt.map(u64::from),
                is_stderr: args.stream.as_deref().map(|it| it == "stderr"),
                follow: args.follow,
                begin,
            };
            let left = print(&queue, &args.name, &wanted).await?;
            Ok(left.unwrap_or(Exit::Success))
        },
    )
}

/// What of the output is wanted.
#[derive(Default)]
pub(super) struct Wanted {
    delivery: Option<u64>,
    is_stderr: Option<bool>,
    follow: bool,
    begin: Begin,
}

impl Wanted {
    fn takes(&self, event: &Event) -> bool {
        let is_its_stream = match event {
            Event::Data { is_stderr, .. } => self.is_stderr.is_none_or(|it| it == *is_stderr),
            _ => true,
        };
        is_its_stream && self.begin.takes(event)
    }

    /// What keeps the last lines, until all that is there has come.
    fn tail(&self) -> Option<Tail> {
        match self.begin {
            Begin::Last(lines) => Some(Tail::of(lines)),
            Begin::All | Begin::At(_) => None,
        }
    }
}

/// Prints what a task writes; how the program ends where the reader of that has left.
pub(super) async fn print(
    queue: &Queue,
    name: &str,
    wanted: &Wanted,
) -> anyhow::Result<Option<Exit>> {
    let found = queue.find(name).await?;
    // Of a task that has ended that delivery is shown whose result it is.
    let mut shown = wanted
        .delivery
        .or(found.outcome.as_ref().map(|it| it.delivery))
        .or(found.run.as_ref().map(|it| it.delivery))
        .unwrap_or(1);
    let mut printed = Printed::of(name);
    let mut frames = Frames::default();
    let mut tail = wanted.tail();
    let mut told = false;
    let mut blocks: Option<Blocks> = None;
    let mut after = None;
    loop {
        if let Some(kept) = tail.take_if(|_| blocks.as_ref().is_some_and(Blocks::has_all)) {
            for event in kept.take() {
                if let Some(left) = printed.event(event)? {
                    return Ok(Some(left));
                }
            }
        }
        let next = match &mut blocks {
            Some(open) => open.next().await,
            None => match queue.blocks(name, wanted.follow, after).await {
                Ok(open) => {
                    blocks = Some(open);
                    continue;
                }
                Err(err) => Err(err),
            },
        };
        let block = match next {
            Ok(Some(block)) => block,
            Ok(None) => return Ok(None),
            // It goes on behind what was printed last.
            Err(err) if err.may_pass() && wanted.follow => {
                tell_once(&mut told, &err);
                blocks = None;
                sleep(LAST).await;
                continue;
            }
            Err(err) => return Err(err.into()),
        };
        (told, after) = (false, Some(block.sequence));
        if block.delivery > shown && wanted.delivery.is_none() && wanted.follow {
            message::only_print_warning(format!(
                "{name} did not end on its host and was delivered again, for the {} time: its output begins anew",
                ordinal(block.delivery)
            ));
            (shown, frames) = (block.delivery, Frames::default());
            tail = tail.and_then(|_| wanted.tail());
        }
        if block.delivery != shown {
            continue;
        }
        frames.push(&block.bytes);
        while let Some(event) = frames.next_event()? {
            if !wanted.takes(&event) {
                continue;
            }
            if let Some(tail) = &mut tail {
                tail.push(event);
            } else if let Some(left) = printed.event(event)? {
                return Ok(Some(left));
            }
        }
    }
}

fn ordinal(number: u64) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// Prints what a task writes if that is wanted, waits until it has ended, and says how the program ends.
pub(super) async fn to_the_end(
    queue: &Queue,
    name: &str,
    follow: bool,
    show: impl Fn(),
) -> anyhow::Result<Exit> {
    if follow {
        let wanted = Wanted {
            follow,
            ..Wanted::default()
        };
        if let Some(exit) = print(queue, name, &wanted).await? {
            return Ok(exit);
        }
    }
    let found = wait(queue, name, show).await?;
    Ok(told_end(&view::task_of(&found)?))
}

/// Waits until a task has ended, or is tried no more.
pub(super) async fn wait(queue: &Queue, name: &str, show: impl Fn()) -> anyhow::Result<Found> {
    let (mut pause, mut told, mut told_why) = (FIRST, false, false);
    loop {
        match queue.find(name).await {
            Ok(found) if found.outcome.is_some() || found.dead.is_some() => return Ok(found),
            Ok(found) => {
                told = false;
                if !told_why && !found.runs() {
                    let why = view::unclaimed(&found, &queue.hosts().await?, queue.settings());
                    if let Some(why) = why {
                        message::only_print_warning(format!("{name} waits: {why}"));
                        told_why = true;
                    }
                }
            }
            Err(err) if err.may_pass() => tell_once(&mut told, &err),
            Err(err) => return Err(err.into()),
        }
        show();
        sleep(pause).await;
        pause = (pause * 2).min(LAST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_counted_as_people_count() {
        let all = [1, 2, 3, 4, 11, 12, 21, 112].map(ordinal);
        assert_eq!(
            all,
            ["1st", "2nd", "3rd", "4th", "11th", "12th", "21st", "112th"]
        );
    }
}
