//! What the program does, a file for each command.

mod check;
mod completions;
mod config;
mod conform;
#[cfg(feature = "dev")]
mod dev;
mod exec;
mod forget;
mod inspect;
#[cfg(feature = "pack")]
mod install;
mod list;
mod man;
mod new;
#[cfg(feature = "pack")]
mod pack;
#[cfg(feature = "queue")]
mod queue;
#[cfg(feature = "client")]
mod remote;
#[cfg(feature = "pack")]
mod rollback;
mod run;
#[cfg(feature = "serve")]
mod serve;
#[cfg(feature = "serve")]
mod systemd;

use crate::args::{Command, OfAll};
use crate::exit::Exit;
use crate::limits;
use crate::present::message;

/// How the program ends where it cannot do its part: the other codes of `exec` are its command's.
pub(crate) fn failed(command: &Command) -> Exit {
    match command {
        Command::Exec(_) => Exit::HostFailed,
        _ => Exit::NoResult,
    }
}

/// Does what `command` says, with what holds for every one of them.
///
/// # Errors
///
/// When nothing could be done with what was given.
pub(crate) fn run(command: Command, of_all: &OfAll) -> anyhow::Result<Exit> {
    let within_limits = limits::check();
    match command {
        // A code of its own: the others are the command's.
        Command::Exec(args) => Ok(within_limits
            .and_then(|()| exec::exec(args))
            .unwrap_or_else(|err| {
                message::error(format_args!("{err:#}"));
                Exit::HostFailed
            })),
        _ if within_limits.is_err() => within_limits.map(|()| Exit::NoResult),
        Command::Run(args) => run::run(args),
        #[cfg(feature = "serve")]
        Command::Serve(args) => serve::serve(&args),
        #[cfg(feature = "queue")]
        Command::Submit(args) if !args.queue.urls.is_empty() => remote::queue::submit(&args),
        #[cfg(feature = "queue")]
        Command::Tasks(args) if !args.queue.urls.is_empty() => remote::queue::tasks(&args),
        #[cfg(feature = "queue")]
        Command::Task(args) if !args.queue.urls.is_empty() => remote::queue::task(&args),
        #[cfg(feature = "queue")]
        Command::Logs(args) if !args.queue.urls.is_empty() => remote::queue::logs(&args),
        #[cfg(feature = "queue")]
        Command::Cancel(args) if !args.queue.urls.is_empty() => remote::queue::cancel(&args),
        #[cfg(feature = "client")]
        Command::Submit(args) => remote::submit(&args),
        #[cfg(feature = "client")]
        Command::Tasks(args) => remote::tasks(&args),
        #[cfg(feature = "client")]
        Command::Task(args) => remote::task(&args),
        #[cfg(feature = "client")]
        Command::Logs(args) => remote::logs(&args),
        #[cfg(feature = "client")]
        Command::Cancel(args) => remote::cancel(&args),
        #[cfg(feature = "client")]
        Command::Retry(args) => remote::retry(&args),
        #[cfg(feature = "client")]
        Command::Plugins(args) => remote::plugins(&args),
        #[cfg(feature = "client")]
        Command::Top(args) => remote::top(&args),
        #[cfg(feature = "queue")]
        Command::Queue(args) => queue::queue(&args),
        Command::List(args) => list::list(&args, of_all.verbose > 0),
        Command::Inspect(args) => inspect::inspect(&args),
        Command::Check(args) => check::check(&args),
        Command::Config(args) => config::config(&args),
        Command::Conform(args) => conform::conform(&args),
        Command::Forget(args) => forget::forget(&args),
        Command::New(args) => new::new(&args),
        #[cfg(feature = "dev")]
        Command::Dev(args) => dev::dev(&args, of_all),
        #[cfg(feature = "pack")]
        Command::Pack(args) => pack::pack(&args),
        #[cfg(feature = "pack")]
        Command::Install(args) => install::install(&args),
        #[cfg(feature = "pack")]
        Command::Rollback(args) => rollback::rollback(&args),
        Command::Completions(args) => completions::completions(&args),
        Command::Man(args) => man::man(&args),
    }
}
