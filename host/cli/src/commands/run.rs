//! `solti-host run`: the tasks of spec files and of standard input.

use std::path::Path;

use anyhow::Context as _;
use tokio::sync::mpsc;

use crate::args::RunArgs;
use crate::exit::Exit;
use crate::output::Format;
use crate::present::message;
use crate::session::{self, Plan};
use solti_plugin_host::specs::{self, STDIN_ARGUMENT, SpecResult};

/// Specs of standard input that may wait to be submitted.
const WAITING: usize = 64;

/// Runs the tasks and says how the program ends.
///
/// # Errors
///
/// When nothing can be run at all.
pub(super) fn run(args: RunArgs) -> anyhow::Result<Exit> {
    let (mut tasks, mut problems, mut stdin) = (Vec::new(), Vec::new(), false);
    for file in &args.specs {
        if file == Path::new(STDIN_ARGUMENT) {
            stdin = true;
            continue;
        }
        specs::read_file(file, &mut |spec| match spec {
            Ok(task) => tasks.push(task),
            Err(err) => problems.push(err.to_string()),
        });
    }
    for problem in &problems {
        message::error(problem);
    }
    if tasks.is_empty() && !stdin && !problems.is_empty() {
        return Ok(Exit::NoResult);
    }
    let plan = Plan {
        session: &args.session,
        format: Format::Slots.or_json(args.session.json),
        jobs: usize::try_from(args.jobs).unwrap_or(usize::MAX),
        retries: args.retries,
        tasks,
        stdin: None,
        is_command: false,
        arriving: stdin.then(read_stdin).transpose()?,
        problems,
    };
    if args.check {
        session::check(plan)
    } else {
        session::run(plan)
    }
}

/// Reads standard input in a thread that nobody waits for: reading cannot be interrupted.
fn read_stdin() -> anyhow::Result<mpsc::Receiver<SpecResult>> {
    let (sender, receiver) = mpsc::channel(WAITING);
    let read = move || {
        specs::read_stdin(&mut |spec| {
            sender.blocking_send(spec).ok();
        });
    };
    let started = std::thread::Builder::new()
        .name("stdin".to_owned())
        .spawn(read);
    started.context("standard input cannot be read: there is no thread for it")?;
    Ok(receiver)
}
