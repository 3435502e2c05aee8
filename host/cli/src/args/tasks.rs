//! The arguments of the commands that run tasks.

use std::path::PathBuf;
use std::time::Duration;

use super::PluginArgs;

/// Run tasks and print their lines, each with its slot in front, then a summary.
///
/// A SPEC is a file with one task as JSON, or an array of tasks:
///
///   {"slot": "greet", "timeout": 5000,
///    "kind": {"subprocess": {"mode": {"command": {"command": "echo", "args": ["hi"]}}}}}
///
/// `timeout` is in milliseconds. Left out, `restart` is {"type": "never"}, `admission` is
/// "dropIfRunning", and `backoff`, or what is missing of it, is {"firstMs": 1000, "maxMs": 30000,
/// "factor": 2, "jitter": "full"}.
///
/// The exit code is 0 when every task succeeded, 1 when one did not, 2 when no spec could
/// be read. Ctrl-C cancels every task and waits for it; a second one ends at once.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) plugins: PluginArgs,

    #[command(flatten)]
    pub(crate) session: SessionArgs,

    /// Tasks that may run at the same time; 0 for any number
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) jobs: usize,

    /// Times a failed task is tried again, where its restart policy says so; 0 for any number
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) retries: u32,

    /// Files with task specs; `-` is standard input, whose tasks start as they arrive
    #[arg(required = true, value_name = "SPEC")]
    pub(crate) specs: Vec<PathBuf>,
}

/// Run one command as a task in the slot `exec`.
///
/// What the command prints comes out as it is: its standard output on standard output, its standard
/// error on standard error. The exit code is 0 when it succeeded and 1 when it did not.
#[derive(Debug, clap::Args)]
pub(crate) struct ExecArgs {
    #[command(flatten)]
    pub(crate) plugins: PluginArgs,

    #[command(flatten)]
    pub(crate) session: SessionArgs,

    /// End the command after this time, such as `30s` or `1h 30m` [default: never]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) timeout: Option<Duration>,

    /// The command and its arguments
    #[arg(required = true, last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}

/// How a run goes and what it prints.
#[derive(Debug, clap::Args)]
pub(crate) struct SessionArgs {
    /// Print JSON: one object a line for each event, and the summary as the last
    #[arg(long)]
    pub(crate) json: bool,

    /// Write the summary as JSON to this file as well
    #[arg(long, value_name = "FILE")]
    pub(crate) summary: Option<PathBuf>,

    /// Write metrics of plugins and tasks to this file at the end, in Prometheus' text format; it is replaced as a whole
    #[arg(long, value_name = "FILE")]
    pub(crate) metrics: Option<PathBuf>,

    /// How long a cancelled task may take to end before it is dropped
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = humantime::parse_duration)]
    pub(crate) grace: Duration,
}
