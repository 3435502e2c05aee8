//! `solti-host run`: the tasks of spec files and of standard input.

use std::path::Path;

use tokio::sync::mpsc;

use super::args::Run;
use super::output::Format;
use super::session::{self, Setup};
use super::specs::{self, STDIN_ARGUMENT};
use super::{BAD_INPUT, style};

/// Specs of standard input that may wait to be submitted.
const WAITING: usize = 64;

/// Runs the tasks and returns the exit code.
///
/// # Errors
///
/// When nothing can be run at all.
pub(super) fn run(args: Run) -> anyhow::Result<u8> {
    let (mut tasks, mut problems, mut stdin) = (Vec::new(), Vec::new(), false);
    for file in &args.specs {
        if file == Path::new(STDIN_ARGUMENT) {
            stdin = true;
            continue;
        }
        specs::read_file(file, &mut |spec| match spec {
            Ok(placed) => tasks.push(placed),
            Err(err) => problems.push(err.to_string()),
        });
    }
    for problem in &problems {
        style::error(problem);
    }
    if tasks.is_empty() && !stdin && !problems.is_empty() {
        return Ok(BAD_INPUT);
    }
    session::run(Setup {
        plugins: &args.plugins,
        session: &args.session,
        people: Format::Slots,
        jobs: args.jobs,
        retries: args.retries,
        tasks,
        more: stdin.then(read_stdin),
        problems,
    })
}

/// Reads standard input in a thread that nobody waits for: reading cannot be interrupted.
fn read_stdin() -> mpsc::Receiver<Result<specs::Placed, specs::SpecError>> {
    let (sender, receiver) = mpsc::channel(WAITING);
    std::thread::spawn(move || {
        specs::read_stdin(&mut |spec| {
            sender.blocking_send(spec).ok();
        });
    });
    receiver
}
