//! `solti-host`: loads the plugins of a directory and runs tasks through them.
//!
//! ```text
//! args ─► plugins ─► specs ─► session ─► supervise ─► summary
//!         load       read     submit     attempts     table
//!                                 └► output: stream ─► writer
//! ```
//!
//! Lines of tasks go to standard output, everything about the run to standard error; with `--json`
//! both are one stream of objects on standard output. The exit codes: 0 when every task succeeded,
//! 1 when one did not, 2 when nothing could be run.

mod args;
mod check;
mod exec;
mod forget;
mod inspect;
mod list;
mod log;
mod metrics;
mod outcome;
mod output;
mod plugins;
mod routing;
mod run;
mod session;
mod signals;
mod specs;
mod style;
mod summary;
mod supervise;
mod tables;

use clap::Parser as _;

use args::{Args, Command};

/// Every task succeeded.
const SUCCESS: u8 = 0;
/// Something did not.
const FAILURE: u8 = 1;
/// Nothing could be run with the words and files given.
const BAD_INPUT: u8 = 2;

fn main() {
    solti_plugin_host::probe_main();
    // Not by returning: that would run the destructors of plugins.
    solti_plugin_host::exit_now(run());
}

/// Does what the words say and returns the exit code.
fn run() -> u8 {
    let args = Args::parse();
    log::init(args.verbose);
    let done = match args.command {
        Command::Run(run) => run::run(run),
        Command::Exec(exec) => exec::exec(exec),
        Command::List(list) => list::list(list),
        Command::Inspect(inspect) => inspect::inspect(&inspect),
        Command::Check(check) => check::check(&check),
        Command::Forget(forget) => forget::forget(&forget),
    };
    match done {
        Ok(code) => code,
        Err(err) => {
            style::error(format_args!("{err:#}"));
            BAD_INPUT
        }
    }
}
