//! `solti-host`: loads the plugins of a directory and runs tasks through them.
//!
//! ```text
//! args ─► commands ─┬─► list, inspect, check, forget ─► present
//!                   └─► run, exec ─► session ─► output
//! ```
//!
//! | module | what it owns |
//! |---|---|
//! | `args` | the command line, and what its help says |
//! | `commands` | what each command does |
//! | `options`, `flags` | the loader that the arguments ask for, and the flags of its options |
//! | `loading` | the loading of a directory, with a bar when it takes long |
//! | `session` | one run: load, run the tasks, report |
//! | `conform` | the conformance suite: its rules, and the processes that try them |
//! | `output` | the way of a task's output from its tap to standard output |
//! | `pack` | packs, and how they are put in place |
//! | `open_files` | the limit on open files, and how many tasks it has room for |
//! | `shutdown` | the end of plugins, within a time |
//! | `stdio` | standard output and error, whatever they are |
//! | `exit`, `ended` | how the program ends, and what of a plugin's ends it |
//! | `limits` | the limits on this process that it cannot work within |
//! | `metrics` | what runners count |
//! | `present`, `log` | characters, colours, times, messages and tables; the log |
//!
//! Lines of tasks go to standard output, everything about the run to standard error; with `--json`
//! both are one stream of objects on standard output. [`exit::Exit`] lists the exit codes.

mod args;
mod commands;
mod conform;
mod ended;
mod exit;
mod flags;
mod limits;
mod loading;
mod log;
mod metrics;
mod open_files;
mod options;
mod output;
#[cfg(feature = "pack")]
mod pack;
mod present;
mod session;
mod shutdown;
mod stdio;

use clap::Parser as _;
use solti_plugin_host::report::Warning;

use args::{Args, LogFormat};
use exit::Exit;
use present::{message, stamp};

fn main() {
    // A process that tries a plugin for `conform`: neither a guardian nor a probe of its own is to be
    // seen there.
    conform::serve();
    let reaped = solti_plugin_host::reap_orphans();
    solti_plugin_host::prepare_signals();
    solti_plugin_host::probe_main();
    if let Err(err) = reaped {
        message::warning(Warning::new(
            "orphans_not_reaped",
            format!("processes that tasks leave behind are not reaped: {err}"),
        ));
    }
    // Before anything is opened that would count.
    open_files::raise();
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
    let of_all = &args.of_all;
    if of_all.timestamps {
        stamp::want();
    }
    let as_json = of_all.log_format == LogFormat::Json;
    if as_json {
        message::as_json();
    }
    log::init(of_all.verbose, of_all.timestamps, as_json);
    if let Err(err) = solti_plugin_host::tell_of_fatal_signals() {
        message::warning(Warning::new(
            "signals_not_told",
            format!("a signal that ends this program will not be told: {err}"),
        ));
    }
    if let Err(err) = ended::watch(commands::failed(&args.command)) {
        message::warning(Warning::new(
            "exits_not_told",
            format!("a plugin that calls exit will not be told: {err}"),
        ));
    }
    commands::run(args.command, &args.of_all).unwrap_or_else(|err| {
        message::error(format_args!("{err:#}"));
        Exit::NoResult
    })
}
