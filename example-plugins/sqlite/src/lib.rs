//! Runs SQL scripts on database files of SQLite.
//!
//! ```text
//!   SqliteScript ──► runner ──► Job ──────────► attempt ──────────► execute ──► rows
//!   or a command                the same for     a thread, a         statement     a line for
//!                               each attempt     connection, a stop  by statement   each
//! ```
//!
//! | module | owns |
//! |---|---|
//! | `config` | what an operator can set |
//! | `spec` | what a task says: fields, and a command or a script that says the same |
//! | `script` | the same, checked: what all attempts run |
//! | `place` | the directories in which a task's files may be |
//! | `runner` | from a spec to a task |
//! | `attempt` | one run: waiting for its turn, a thread, its end by force |
//! | `stop` | what ends a statement that runs |
//! | `pool` | how many scripts run at once, and connections that are used again |
//! | `connection` | a connection with its limits |
//! | `rules` | what a statement may do |
//! | `execute` | one statement after another |
//! | `parameters` | what stands for the parameters of a statement |
//! | `position` | where a statement stands in a script |
//! | `rows` | lines of rows |
//! | `fault` | what can go wrong, and whether another attempt may help |
//!
//! The README of this package describes it for operators.

#![forbid(unsafe_code)]

mod attempt;
mod config;
mod connection;
mod execute;
mod fault;
mod parameters;
mod place;
mod pool;
mod position;
mod rows;
mod rules;
mod runner;
mod script;
mod spec;
mod stop;

use runner::SqliteRunner;

solti_plugin_abi::export_plugin!(config: config::Config, SqliteRunner {
    name: "sqlite",
    kinds: [subprocess, "example.com/v1/SqliteScript"],
    labels: { "runs" = "sqlite" },
    new: SqliteRunner::new
});
