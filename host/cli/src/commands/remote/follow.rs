//! Waits for tasks, and prints what they write.

use std::io::{self, Write as _};
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use solti_plugin_client::{Client, Event, Wanted, in_path};
use tokio::time::sleep;

use super::service::sentence;
use super::view::Task;
use crate::exit::{self, Exit};
use crate::present::bar::Bar;
use crate::present::{message, stamp};
use crate::stdio::{Stderr, Stdout};

/// How often it is asked whether a task has ended, at first and at most.
const FIRST: Duration = Duration::from_millis(20);
const LAST: Duration = Duration::from_secs(1);

/// Waits until a task has ended, through restarts of its service; `show` is called meanwhile.
pub(super) async fn wait(client: &Client, name: &str, show: impl Fn()) -> anyhow::Result<Task> {
    let path = format!("/v1/tasks/{}", in_path(name));
    let mut pause = FIRST;
    let mut told = false;
    loop {
        match client.get::<Task>(&path).await {
            Ok(task) if task.ended.is_some() => return Ok(task),
            Ok(_) => told = false,
            Err(err) if err.may_pass() => {
                tell_once(&mut told, &err);
                pause = LAST;
            }
            Err(err) => return Err(sentence(err)),
        }
        show();
        sleep(pause).await;
        pause = (pause * 2).min(LAST);
    }
}

pub(super) fn tell_once(told: &mut bool, reason: &impl std::fmt::Display) {
    if !std::mem::replace(told, true) {
        message::only_print_warning(
            format_args!("{reason}; trying again until it answers").to_string(),
        );
    }
}

/// Prints what a task writes; how the program ends where the reader of that has left.
pub(super) async fn print(
    client: &Client,
    name: &str,
    wanted: Wanted,
) -> anyhow::Result<Option<Exit>> {
    let mut output = client.output(name, wanted);
    let mut printed = Printed::of(name);
    loop {
        let event = match output.next().await {
            Ok(Some(event)) => event,
            Ok(None) => return Ok(None),
            Err(err) => return Err(sentence(err)),
        };
        if let Some(left) = printed.event(event)? {
            return Ok(Some(left));
        }
    }
}

/// What a task writes, on the way to standard output and standard error.
pub(super) struct Printed {
    name: String,
    /// Whether it was told that the connection broke.
    told: bool,
    streams: [Stamped; 2],
}

impl Printed {
    pub(super) fn of(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            told: false,
            streams: [Stamped::default(), Stamped::default()],
        }
    }

    /// Prints what happened; how the program ends where the reader of that has left.
    pub(super) fn event(&mut self, event: Event) -> anyhow::Result<Option<Exit>> {
        let written = match event {
            Event::Data {
                is_stderr,
                bytes,
                time,
                ..
            } => {
                self.told = false;
                let stream = &mut self.streams[usize::from(is_stderr)];
                write(stream, is_stderr, &bytes, time)
            }
            Event::Lost { bytes } => {
                let text = format!("{bytes} bytes of {} are not kept any more", self.name);
                message::only_print_warning(text);
                Ok(())
            }
            Event::Interrupted { reason } => {
                tell_once(&mut self.told, &reason);
                Ok(())
            }
            _ => Ok(()),
        };
        match written {
            Ok(()) => Ok(None),
            Err(err) if err.kind() == io::ErrorKind::BrokenPipe => {
                Ok(Some(Exit::Signaled(exit::SIGPIPE)))
            }
            Err(err) => Err(err).context("the output cannot be written"),
        }
    }
}

/// A stream whose lines have the time before them, where that is asked for.
#[derive(Default)]
struct Stamped {
    is_in_line: bool,
}

fn write(stream: &mut Stamped, is_stderr: bool, bytes: &[u8], millis: u64) -> io::Result<()> {
    let put = |bytes: &[u8]| match is_stderr {
        false => Stdout.write_all(bytes),
        true => Stderr.write_all(bytes),
    };
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
    let before = stamp::before(time).to_string();
    if before.is_empty() {
        return put(bytes);
    }
    let mut text = Vec::with_capacity(bytes.len() * 2);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if !stream.is_in_line {
            text.extend_from_slice(before.as_bytes());
        }
        text.extend_from_slice(line);
        stream.is_in_line = line.last() != Some(&b'\n');
    }
    put(&text)
}

/// Prints what a task writes if that is wanted, waits until it has ended, and says how the program ends.
pub(super) async fn to_the_end(
    client: &Client,
    name: &str,
    follow: bool,
    show: impl Fn(),
) -> anyhow::Result<Exit> {
    if follow {
        let mut wanted = Wanted::default();
        wanted.follow = true;
        if let Some(exit) = print(client, name, wanted).await? {
            return Ok(exit);
        }
    }
    let task = wait(client, name, show).await?;
    Ok(told_end(&task))
}

/// Waits for tasks one after the other, by `wait`, with a bar where one is to be shown.
pub(super) async fn each<T>(
    names: &[String],
    with_bar: bool,
    wait: impl AsyncFn(&str, &dyn Fn()) -> anyhow::Result<T>,
) -> anyhow::Result<Vec<T>> {
    let bar = Bar::of("waiting for tasks");
    let mut all = Vec::new();
    for (ended, name) in names.iter().enumerate() {
        let show = || {
            if with_bar {
                bar.show(ended, names.len(), name);
            }
        };
        all.push(wait(name, &show).await?);
    }
    bar.clear();
    Ok(all)
}

/// How the program ends that was to have tasks taken, of which so many were refused, and perhaps waited for these.
pub(super) fn exit_of(refused: usize, exits: &[Exit]) -> Exit {
    match exits {
        _ if refused > 0 => Exit::TaskFailed,
        [exit] => *exit,
        exits if exits.iter().all(|exit| *exit == Exit::Success) => Exit::Success,
        _ => Exit::TaskFailed,
    }
}

/// Says how a task has ended that did not succeed, and how the program ends that has waited for it.
pub(super) fn told_end(task: &Task) -> Exit {
    let name = &task.name;
    if task.phase != "succeeded" {
        let error = task.error.as_deref().unwrap_or_default();
        let colon = if error.is_empty() { "" } else { ": " };
        message::error(format!("{name}: {}{colon}{error}", task.phase));
    }
    task.exit()
}

/// What is said when somebody interrupts a wait for a task.
pub(super) fn tell_it_goes_on(name: &str) {
    message::only_print_warning(format!(
        "{name} goes on; `solti-host cancel {name}` ends it"
    ));
}
