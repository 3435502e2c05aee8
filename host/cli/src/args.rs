//! The command line.

mod bounds;
mod files;
mod loading;
mod probing;
mod tasks;
mod trust;

use clap::{Parser, Subcommand};

pub(crate) use files::{CheckArgs, ForgetArgs, InspectArgs, ListArgs};
pub(crate) use loading::{ConfigField, LoadArgs};
pub(crate) use tasks::{ExecArgs, RunArgs, SessionArgs};
pub(crate) use trust::TrustArgs;

/// Run tasks through plugins: shared libraries dropped into a directory
#[derive(Debug, Parser)]
#[command(name = "solti-host", version, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Log more to standard error: -v for info, -vv for debug, -vvv for trace; RUST_LOG overrides it
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// What the program is to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(RunArgs),
    Exec(ExecArgs),
    List(ListArgs),
    Inspect(InspectArgs),
    Check(CheckArgs),
    Forget(ForgetArgs),
}
