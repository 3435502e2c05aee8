//! `solti-host`: loads the plugins of a directory and runs tasks through them.
//!
//! ```text
//! args ─► commands ─┬─► loading ──────────► present      list, check, inspect
//!                   └─► specs ─► session                 run, exec
//!                                │  loading ─► supervise ─► summary
//!                                └─► output: drain ─► writer
//! ```
//!
//! Lines of tasks go to standard output, everything about the run to standard error; with `--json`
//! both are one stream of objects on standard output. [`exit::Exit`] lists the exit codes.

mod args;
mod commands;
mod exit;
mod loading;
mod log;
mod metrics;
mod options;
mod outcome;
mod output;
mod present;
mod session;
mod specs;
mod supervise;

use clap::Parser as _;

use args::Args;
use exit::Exit;
use present::message;

fn main() {
    solti_plugin_host::probe_main();
    // Not by returning: that would run the destructors of plugins.
    solti_plugin_host::exit_now(run().code());
}

/// Does what the command line asks for.
fn run() -> Exit {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(err) => {
            // Help, or what is wrong; nobody is left to be told when it cannot be printed.
            err.print().ok();
            return Exit::of_usage(&err);
        }
    };
    log::init(args.verbose);
    commands::run(args.command).unwrap_or_else(|err| {
        message::error(format_args!("{err:#}"));
        Exit::NoResult
    })
}
