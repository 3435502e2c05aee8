//! What the program does, a file for each command.

mod check;
mod exec;
mod forget;
mod inspect;
mod list;
mod run;

use crate::args::Command;
use crate::exit::Exit;

/// Does what `command` says.
///
/// # Errors
///
/// When nothing could be done with what was given.
pub(crate) fn run(command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::Run(args) => run::run(args),
        Command::Exec(args) => exec::exec(args),
        Command::List(args) => list::list(&args),
        Command::Inspect(args) => inspect::inspect(&args),
        Command::Check(args) => check::check(&args),
        Command::Forget(args) => forget::forget(&args),
    }
}
