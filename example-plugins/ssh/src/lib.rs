//! Runs commands on other machines, by the `ssh` of this one.
//!
//! ```text
//!   SshCommand ──► runner ──► Job ──────────► attempt ──────────► session ──► lines
//!   or a command              the same for     one run of ssh,     its output  less what the
//!                             each attempt     its outcome         and its end script says to us
//! ```
//!
//! | module | owns |
//! |---|---|
//! | `config` | what an operator can set, checked by `config::rules` |
//! | `spec` | what a task says: fields, and a command that says the same |
//! | `target` | whom a task asks, checked: no option can hide in a name |
//! | `environment` | what the command finds in its environment |
//! | `quote` | texts as words of a POSIX shell |
//! | `script` | what the other machine's `sh` is sent: the command, and what ends it with the connection |
//! | `marks` | what that script says between lines of the command |
//! | `client` | the command line of `ssh` |
//! | `runner` | from a spec to a task |
//! | `job` | what all attempts of a task share |
//! | `attempt` | one run: its end, its outcome, its counters |
//! | `session` | a running `ssh`: what it reads, what it writes, its end by force |
//! | `output` | both streams on their way to the host |
//! | `complaint` | what `ssh` says of its own failures, understood |
//! | `fault` | what can go wrong, and whether another attempt may help |
//!
//! The README of this package describes it for operators.

#![forbid(unsafe_code)]

mod attempt;
mod client;
mod complaint;
mod config;
mod environment;
mod fault;
mod job;
mod marks;
mod output;
mod quote;
mod runner;
mod script;
mod session;
mod spec;
mod target;

use runner::SshRunner;

solti_plugin_abi::export_plugin!(config: config::Config, SshRunner {
    name: "ssh",
    kinds: [subprocess, "example.com/v1/Ssh"],
    labels: { "runs" = "ssh" },
    new: SshRunner::new
});
