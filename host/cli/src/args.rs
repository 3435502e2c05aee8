//! The words of the command line.

mod probing;
mod trust;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use serde_json::Value;

pub(super) use probing::{Forget, Probing};
pub(super) use trust::Trust;

/// Runs tasks through plugins: shared libraries dropped into a directory.
#[derive(Debug, Parser)]
#[command(name = "solti-host", version, max_term_width = 100)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Command,

    /// Log more to standard error: -v for info, -vv for debug, -vvv for everything. RUST_LOG wins
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Run(Run),
    Exec(Exec),
    List(List),
    Inspect(Inspect),
    Check(Check),
    Forget(Forget),
}

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
pub(super) struct Run {
    #[command(flatten)]
    pub(super) plugins: Plugins,

    #[command(flatten)]
    pub(super) session: Session,

    /// Tasks that may run at the same time; 0 for any number
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) jobs: usize,

    /// Times a failed task is tried again, where its restart policy says so; 0 for any number
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) retries: u32,

    /// Files with task specs; `-` is standard input, whose tasks start as they arrive
    #[arg(required = true, value_name = "SPEC")]
    pub(super) specs: Vec<PathBuf>,
}

/// Run one command as a task in the slot `exec`.
///
/// What the command prints comes out as it is: its standard output on standard output, its standard
/// error on standard error. The exit code is 0 when it succeeded and 1 when it did not.
#[derive(Debug, clap::Args)]
pub(super) struct Exec {
    #[command(flatten)]
    pub(super) plugins: Plugins,

    #[command(flatten)]
    pub(super) session: Session,

    /// End the command after this time, such as `30s` or `1h 30m` [default: never]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(super) timeout: Option<Duration>,

    /// The command and its arguments
    #[arg(required = true, last = true, value_name = "COMMAND")]
    pub(super) command: Vec<String>,
}

/// Show what a directory's plugins offer, in routing order, and what is rejected and why.
///
/// The exit code is 1 when a file was rejected.
#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// The directory of the plugins
    #[arg(value_name = "DIR", env = "SOLTI_PLUGINS")]
    pub(super) directory: PathBuf,

    #[command(flatten)]
    pub(super) loading: Loading,

    /// Write metrics to this file, in Prometheus' text format; it is replaced as a whole
    #[arg(long, value_name = "FILE")]
    pub(super) metrics: Option<PathBuf>,

    /// Print the report as JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// Show all that can be known of plugin files without running them.
///
/// What they are, what they offer, what they need, who vouches for them, and everything that speaks
/// against loading them here. The exit code is 1 when anything does.
#[derive(Debug, clap::Args)]
pub(super) struct Inspect {
    /// The files
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,

    #[command(flatten)]
    pub(super) trust: Trust,

    /// Print an array of objects as JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// Do all that is done with plugins before they become part of a host, and load none.
///
/// A directory is checked as a host would load it: the order of its files, its SHA256SUMS, plugins
/// that have one name. The exit code is 1 when a file was rejected, 2 when a directory could not be
/// checked.
#[derive(Debug, clap::Args)]
pub(super) struct Check {
    /// Plugin directories, or single files
    #[arg(required = true, value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,

    #[command(flatten)]
    pub(super) loading: Loading,

    /// Write metrics to this file, in Prometheus' text format; it is replaced as a whole
    #[arg(long, value_name = "FILE")]
    pub(super) metrics: Option<PathBuf>,

    /// Print the report as JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// Where the plugins are.
#[derive(Debug, clap::Args)]
pub(super) struct Plugins {
    /// The directory of the plugins
    #[arg(long = "plugins", value_name = "DIR", env = "SOLTI_PLUGINS")]
    pub(super) directory: PathBuf,

    #[command(flatten)]
    pub(super) loading: Loading,
}

/// How plugins are loaded.
#[derive(Debug, clap::Args)]
pub(super) struct Loading {
    /// Load only plugins that were built with this name; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(super) allow: Vec<String>,

    /// Worker threads of each plugin's runtime
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) workers: u32,

    /// Set a field of a plugin's configuration to a JSON value, or to a text that is none
    #[arg(long, value_name = "PLUGIN.FIELD=VALUE", value_parser = parse_setting)]
    pub(super) config: Vec<Setting>,

    #[command(flatten)]
    pub(super) trust: Trust,

    #[command(flatten)]
    pub(super) probing: Probing,

    /// Give a plugin no more tasks once it has panicked this often; 0 for never
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) max_panics: u64,
}

/// How a run goes and what it prints.
#[derive(Debug, clap::Args)]
pub(super) struct Session {
    /// Print JSON: one object a line for each event, and the summary as the last
    #[arg(long)]
    pub(super) json: bool,

    /// Write the summary as JSON to this file as well
    #[arg(long, value_name = "FILE")]
    pub(super) summary: Option<PathBuf>,

    /// Write metrics of plugins and tasks to this file at the end, in Prometheus' text format; it is replaced as a whole
    #[arg(long, value_name = "FILE")]
    pub(super) metrics: Option<PathBuf>,

    /// How long a cancelled task may take to end before it is dropped
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = humantime::parse_duration)]
    pub(super) grace: Duration,
}

/// One field of a plugin's configuration.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub(super) plugin: String,
    pub(super) field: String,
    pub(super) value: Value,
}

fn parse_setting(text: &str) -> Result<Setting, String> {
    let (place, value) = text
        .split_once('=')
        .ok_or("expected PLUGIN.FIELD=VALUE, found no '='")?;
    let (plugin, field) = place
        .split_once('.')
        .ok_or("expected PLUGIN.FIELD=VALUE, found no '.' before the '='")?;
    Ok(Setting {
        plugin: plugin.to_owned(),
        field: field.to_owned(),
        value: serde_json::from_str(value).unwrap_or_else(|_| value.into()),
    })
}
