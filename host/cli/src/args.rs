//! The command line.

mod authors;
mod bounds;
mod conform;
mod documents;
mod files;
mod loading;
mod of_all;
#[cfg(feature = "pack")]
mod pack;
mod probing;
#[cfg(feature = "queue")]
mod queue;
#[cfg(feature = "client")]
mod remote;
#[cfg(feature = "serve")]
mod serve;
mod tasks;
mod trust;

use clap::{Parser, Subcommand};

#[cfg(feature = "dev")]
pub(crate) use authors::DevArgs;
pub(crate) use authors::{NewArgs, NewKind};
pub(crate) use conform::ConformArgs;
pub(crate) use documents::{CompletionsArgs, ManArgs};
pub(crate) use files::{CheckArgs, ConfigArgs, ForgetArgs, InspectArgs, ListArgs};
pub(crate) use loading::{ConfigField, LoadArgs};
pub(crate) use of_all::{LogFormat, OfAll};
#[cfg(feature = "pack")]
pub(crate) use pack::{InstallArgs, PackArgs, RollbackArgs};
pub(crate) use probing::ProbeArgs;
#[cfg(feature = "queue")]
pub(crate) use queue::{QueueAction, QueueAddressArgs, QueueArgs, QueueInitArgs};
#[cfg(feature = "client")]
pub(crate) use remote::{
    CancelArgs, LogsArgs, PluginAction, PluginsArgs, RetryArgs, ServiceArgs, SubmitArgs, TaskArgs,
    TasksArgs, TopArgs,
};
#[cfg(feature = "serve")]
pub(crate) use serve::ServeArgs;
pub(crate) use tasks::{ExecArgs, RunArgs, SessionArgs};
pub(crate) use trust::TrustArgs;

/// Run tasks through plugins: shared libraries dropped into a directory
#[derive(Debug, Parser)]
#[command(name = "solti-host", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,

    #[command(flatten)]
    pub(crate) of_all: OfAll,
}

/// What the help of the whole program says at its end.
const EXIT_CODES: &str = "\
Exit codes:
  0        all is well
  1        a task did not succeed, or a file was refused
  2        nothing could be done: a wrong argument, or a directory that cannot be used
  128 + N  signal N ended the run: 130 for Ctrl-C, 143 for SIGTERM
`exec` ends as its command did; `solti-host exec --help` has the exceptions.";

/// What the program is to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(RunArgs),
    Exec(ExecArgs),
    #[cfg(feature = "serve")]
    Serve(ServeArgs),
    #[cfg(feature = "client")]
    Submit(SubmitArgs),
    #[cfg(feature = "client")]
    Tasks(TasksArgs),
    #[cfg(feature = "client")]
    Task(TaskArgs),
    #[cfg(feature = "client")]
    Logs(LogsArgs),
    #[cfg(feature = "client")]
    Cancel(CancelArgs),
    #[cfg(feature = "client")]
    Retry(RetryArgs),
    #[cfg(feature = "client")]
    Plugins(PluginsArgs),
    #[cfg(feature = "client")]
    Top(TopArgs),
    #[cfg(feature = "queue")]
    Queue(QueueArgs),
    List(ListArgs),
    Inspect(InspectArgs),
    Check(CheckArgs),
    Config(ConfigArgs),
    Conform(ConformArgs),
    Forget(ForgetArgs),
    New(NewArgs),
    #[cfg(feature = "dev")]
    Dev(DevArgs),
    #[cfg(feature = "pack")]
    Pack(PackArgs),
    #[cfg(feature = "pack")]
    Install(InstallArgs),
    #[cfg(feature = "pack")]
    Rollback(RollbackArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}
