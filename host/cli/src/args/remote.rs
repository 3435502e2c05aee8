//! The arguments of the commands that talk to a running service.

use std::path::PathBuf;

use super::bounds;
#[cfg(feature = "queue")]
use super::queue::SharedQueueArgs;
use super::tasks::{parse_label, parse_variable};

/// Which service, and as whom.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Service")]
pub(crate) struct ServiceArgs {
    /// Where the service is: `http://HOST:PORT`, `https://HOST:PORT`, or the path of a Unix socket
    /// [default: the socket of a service that was installed as a package]
    #[arg(long, value_name = "ADDRESS", env = "SOLTI_HOST")]
    pub(crate) host: Option<String>,

    /// The file of the token that a service asks for over TCP
    #[arg(long, value_name = "FILE", env = "SOLTI_TOKEN_FILE")]
    pub(crate) token_file: Option<PathBuf>,

    /// Trust a service that one of the authorities in this PEM file vouches for, instead of those of the
    /// system
    #[arg(long, value_name = "FILE", env = "SOLTI_CA")]
    pub(crate) ca: Option<PathBuf>,

    /// The client's certificate, for a service that asks for one
    #[arg(long, value_name = "FILE", requires = "key", env = "SOLTI_CERT")]
    pub(crate) cert: Option<PathBuf>,

    /// The key of the client's certificate
    #[arg(long, value_name = "FILE", requires = "cert", env = "SOLTI_KEY")]
    pub(crate) key: Option<PathBuf>,
}

/// Have a running service run tasks
///
/// What is to be run is read from files with specs as for `run`, or is the command after `--`. The names
/// of the tasks are printed, one on each line.
///
/// Exit code: 0 when the service has taken the tasks; 2 when it has not. With --wait or --follow that
/// of the task: the command's own, 124 if its time was over, 130 if it was cancelled, 1 for any other
/// failure; of several tasks 0 if all succeeded, or else 1.
#[derive(Debug, clap::Args)]
pub(crate) struct SubmitArgs {
    /// Files with task specs; `-` is standard input
    #[arg(
        value_name = "SPEC",
        required_unless_present = "command",
        conflicts_with = "command"
    )]
    pub(crate) specs: Vec<PathBuf>,

    /// The command and its arguments
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,

    /// The name of the task, which nobody has had; made up by the service if left out
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// The slot of the command, in which one task runs at a time [default: a slot of its own]
    #[arg(long, value_name = "SLOT", requires = "command")]
    pub(crate) slot: Option<String>,

    /// Stop the command after this time, such as `30s` or `1h 30m`; 1ms to 365days
    #[arg(
        long,
        value_name = "TIME",
        default_value = "1day",
        requires = "command",
        value_parser = bounds::time(bounds::TIMEOUT)
    )]
    pub(crate) timeout: humantime::Duration,

    /// Set a variable of the command's environment; may be given several times
    #[arg(short, long, value_name = "NAME=VALUE", value_parser = parse_variable, requires = "command")]
    pub(crate) env: Vec<(String, String)>,

    /// Run the command in this directory of the service's machine
    #[arg(long, value_name = "DIR", requires = "command")]
    pub(crate) cwd: Option<PathBuf>,

    /// Use only a runner with this label; may be given several times, for runners that have them all
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = parse_label, requires = "command")]
    pub(crate) label: Vec<(String, String)>,

    /// A text that makes the request one task, however often it is repeated
    #[arg(long, value_name = "KEY")]
    pub(crate) idempotency_key: Option<String>,

    /// Wait until the tasks have ended
    #[arg(long)]
    pub(crate) wait: bool,

    /// Print what the task writes as it writes it, and wait until it has ended
    #[arg(short, long, conflicts_with = "json")]
    pub(crate) follow: bool,

    /// Print the tasks as JSON, an object on each line
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) service: ServiceArgs,

    #[cfg(feature = "queue")]
    #[command(flatten)]
    pub(crate) queue: SharedQueueArgs,
}

/// List the tasks of a running service, the newest first
#[derive(Debug, clap::Args)]
pub(crate) struct TasksArgs {
    /// List so many at most; 0 for all
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: usize,

    /// Only tasks of this slot
    #[arg(long, value_name = "SLOT")]
    pub(crate) slot: Option<String>,

    /// Only tasks whose names begin so
    #[arg(long, value_name = "TEXT")]
    pub(crate) prefix: Option<String>,

    /// Only tasks in this phase: pending, running, waiting, succeeded, failed, timeout, canceled or
    /// interrupted; may be given several times
    #[arg(long, value_name = "PHASE")]
    pub(crate) phase: Vec<String>,

    /// Only tasks of this kind
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<String>,

    /// Only tasks that this plugin has run
    #[arg(long, value_name = "NAME")]
    pub(crate) plugin: Option<String>,

    /// Only tasks with this label; may be given several times
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = parse_label)]
    pub(crate) label: Vec<(String, String)>,

    /// Print the tasks as JSON, an object on each line
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) service: ServiceArgs,

    #[cfg(feature = "queue")]
    #[command(flatten)]
    pub(crate) queue: SharedQueueArgs,
}

/// Show a task of a running service, with its attempts
#[derive(Debug, clap::Args)]
pub(crate) struct TaskArgs {
    /// The name of the task
    #[arg(value_name = "NAME")]
    pub(crate) name: String,

    /// Print it as JSON, with its spec
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) service: ServiceArgs,

    #[cfg(feature = "queue")]
    #[command(flatten)]
    pub(crate) queue: SharedQueueArgs,
}

/// Print what a task of a running service has written
///
/// Its standard output comes on standard output, its standard error on standard error, byte for byte.
/// Where the connection breaks it goes on behind what was printed last, as soon as the service, or the
/// next one, answers.
#[derive(Debug, clap::Args)]
pub(crate) struct LogsArgs {
    /// The name of the task
    #[arg(value_name = "NAME")]
    pub(crate) name: String,

    /// Go on until the task has ended
    #[arg(short, long)]
    pub(crate) follow: bool,

    /// Begin with the last N lines
    #[arg(short = 'n', long, value_name = "N", conflicts_with = "since")]
    pub(crate) tail: Option<u64>,

    /// Begin at a time such as `2026-01-31T12:00:00Z`, or so long ago, such as `5m`
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,

    /// Only of the attempt with this number, from 1
    #[arg(long, value_name = "N")]
    pub(crate) attempt: Option<u32>,

    /// Only what was written to `stdout` or to `stderr`
    #[arg(long, value_name = "STREAM", value_parser = ["stdout", "stderr"])]
    pub(crate) stream: Option<String>,

    #[command(flatten)]
    pub(crate) service: ServiceArgs,

    #[cfg(feature = "queue")]
    #[command(flatten)]
    pub(crate) queue: SharedQueueArgs,
}

/// Have tasks of a running service end
#[derive(Debug, clap::Args)]
pub(crate) struct CancelArgs {
    /// The names of the tasks
    #[arg(value_name = "NAME", required = true)]
    pub(crate) names: Vec<String>,

    /// Wait until they have ended
    #[arg(long)]
    pub(crate) wait: bool,

    #[command(flatten)]
    pub(crate) service: ServiceArgs,

    #[cfg(feature = "queue")]
    #[command(flatten)]
    pub(crate) queue: SharedQueueArgs,
}

/// Have a running service run a task again, under another name
#[derive(Debug, clap::Args)]
pub(crate) struct RetryArgs {
    /// The name of the task
    #[arg(value_name = "NAME")]
    pub(crate) name: String,

    /// Wait until it has ended; the exit code is that of `submit --wait`
    #[arg(long)]
    pub(crate) wait: bool,

    /// Print what it writes as it writes it, and wait until it has ended
    #[arg(short, long)]
    pub(crate) follow: bool,

    #[command(flatten)]
    pub(crate) service: ServiceArgs,
}

/// Show the plugins of a running service, or change them
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct PluginsArgs {
    #[command(subcommand)]
    pub(crate) action: Option<PluginAction>,

    /// Print them as JSON
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) service: ServiceArgs,
}

/// What is done with plugins of a running service.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum PluginAction {
    /// Look at the directory now, and take what has come, changed and gone
    Reload {
        /// Print what has changed as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        service: ServiceArgs,
    },
    /// Give a plugin no more tasks; what it has begun goes on
    Retire {
        /// The name of the plugin
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        service: ServiceArgs,
    },
    /// Give a plugin tasks again that was retired, or has panicked too often
    Restore {
        /// The name of the plugin
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        service: ServiceArgs,
    },
}

/// Watch a running service: its tasks, plugins and rates, renewed every second
///
/// `q` or Ctrl-C ends it. Where standard output is no terminal it is printed once.
#[derive(Debug, clap::Args)]
pub(crate) struct TopArgs {
    /// How often it is renewed; 200ms to 1h
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = bounds::time(bounds::EVERY))]
    pub(crate) every: humantime::Duration,

    #[command(flatten)]
    pub(crate) service: ServiceArgs,
}
