//! The arguments of the commands that run tasks.

use std::path::PathBuf;

use solti_plugin_host::environment;

use super::bounds;
use super::loading::LoadArgs;

/// Run tasks and print their output, each line after the slot of its task, then a summary
///
/// A SPEC is a file with one task as JSON, or with an array of tasks:
///
///   {"slot": "greet", "timeout": 5000,
///    "kind": {"subprocess": {"mode": {"command": {"command": "echo", "args": ["hi"]}}}}}
///
/// These three fields are required. `timeout`, the longest that an attempt may take, is in
/// milliseconds, or text such as "5s", "500ms" or "1m 30s"; so is any other time. If left out,
/// `restart` is {"type": "never"}, `admission` is "dropIfRunning", and `backoff`, or any field of it,
/// is as in {"firstMs": 1000, "maxMs": 30000, "factor": 2, "jitter": "full"}. Unknown fields and
/// fields that are given twice are errors.
///
/// Ctrl-C or SIGTERM cancels every task and waits for them to end, each for at most --grace; a
/// second one exits at once.
///
/// Exit code: 0 if every task succeeded; 1 if one did not, or if the output, the summary or the
/// metrics could not be written; 2 if nothing could be run; 128 + N if signal N ended it: 130 for
/// Ctrl-C, 143 for SIGTERM.
/// With --check: 0 if every spec is good and has a runner, 1 if one has not, 2 if none can be read.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct RunArgs {
    /// Run at most N tasks at the same time, at most 1000000000; 0 for as many as there are, and as the
    /// limit on open files has room for
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        value_parser = bounds::number::<u32>(bounds::COUNT)
    )]
    pub(crate) jobs: u32,

    /// Retry a failed task at most N times, if its `restart` says to retry it; at most 1000000000, 0
    /// for no limit
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        value_parser = bounds::number::<u32>(bounds::COUNT)
    )]
    pub(crate) retries: u32,

    /// Read the specs, find the runner of each, and run none
    #[arg(long, conflicts_with_all = ["summary", "metrics"])]
    pub(crate) check: bool,

    /// Files with task specs; `-` is standard input, whose tasks start as they arrive
    #[arg(required = true, value_name = "SPEC")]
    pub(crate) specs: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) session: SessionArgs,
}

/// Run one command as a task in the slot `exec`
///
/// What the command prints comes out byte for byte, at the pace of whoever reads it: its standard
/// output on standard output, its standard error on standard error. It reads this program's standard
/// input; from a terminal, through a pipe.
///
/// Exit code: the command's own, or 128 + N if signal N ended it; 124 if its time was over; 127 if it
/// was not found, 126 if it cannot be executed; 125 if this program failed itself; 2 for a wrong
/// argument. Cancelled by a signal N it is 128 + N, and 141 if the reader of the output left.
#[derive(Debug, clap::Args)]
pub(crate) struct ExecArgs {
    /// Stop the command after this time, such as `30s` or `1h 30m`; 1ms to 365days [default: no limit]
    #[arg(long, value_name = "TIME", value_parser = bounds::time(bounds::TIMEOUT))]
    pub(crate) timeout: Option<humantime::Duration>,

    /// Set a variable of the command's environment, which has those of this program besides; may be given
    /// several times
    #[arg(short, long, value_name = "NAME=VALUE", value_parser = parse_variable)]
    pub(crate) env: Vec<(String, String)>,

    /// Run the command in this directory instead of the current one
    #[arg(long, value_name = "DIR")]
    pub(crate) cwd: Option<PathBuf>,

    /// Use only a runner with this label; may be given several times, for runners that have them all
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = parse_label)]
    pub(crate) label: Vec<(String, String)>,

    /// The command and its arguments
    #[arg(required = true, last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,

    #[command(flatten)]
    pub(crate) session: SessionArgs,
}

/// Which plugins run the tasks, how, and what is printed.
#[derive(Debug, clap::Args)]
pub(crate) struct SessionArgs {
    /// The directory of the plugins
    #[arg(long = "plugins", value_name = "DIR", env = "SOLTI_PLUGINS")]
    pub(crate) directory: PathBuf,

    /// Print JSON: one object per line for each event, and the summary as the last
    #[arg(long)]
    pub(crate) json: bool,

    /// Say nothing of what goes well: tasks print what they print, and what fails, warnings and errors are
    /// told
    #[arg(short, long, conflicts_with = "json")]
    pub(crate) quiet: bool,

    /// Also write the summary to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) summary: Option<PathBuf>,

    /// When all is over, write metrics of plugins and tasks to this file, in Prometheus' text
    /// format; the file is replaced as a whole
    #[arg(long, value_name = "FILE")]
    pub(crate) metrics: Option<PathBuf>,

    /// How long a cancelled task may take to end before it is abandoned, such as `500ms` or `1m`; 0s to
    /// 1day
    #[arg(
        long,
        value_name = "TIME",
        default_value = "5s",
        value_parser = bounds::time(bounds::GRACE)
    )]
    pub(crate) grace: humantime::Duration,

    // The last, for its options have headings of their own.
    #[command(flatten)]
    pub(crate) loading: LoadArgs,
}

pub(super) fn parse_variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("expected NAME=VALUE, found no '='")?;
    if let Some(fault) = environment::fault_of_name(name) {
        return Err(format!("the name {fault}"));
    }
    if let Some(fault) = environment::fault_of_value(value) {
        return Err(format!("the value {fault}"));
    }
    Ok((name.to_owned(), value.to_owned()))
}

pub(super) fn parse_label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or("expected KEY=VALUE, found no '='")?;
    if key.trim().is_empty() {
        return Err("expected KEY=VALUE, found no key".to_owned());
    }
    Ok((key.to_owned(), value.to_owned()))
}
