//! Makes HTTP requests and checks what comes back: the status, the text, the server's certificate.
//!
//! ```text
//!   HttpCheck ──► runner ──► Job ──────────► exchange ──────────► connect ──► answer
//!   or a command             the same for     a request, and       its times,   its lines,
//!                            each attempt     where it leads       certificate  its text
//! ```
//!
//! | module | owns |
//! |---|---|
//! | `config` | what an operator can set |
//! | `spec` | what a task says: fields, and a command that says the same |
//! | `request` | the same, checked: what all attempts send and expect |
//! | `status` | the statuses that are expected |
//! | `runner` | from a spec to a task |
//! | `job` | what all attempts of a task share |
//! | `attempt` | one run: its time, its outcome, its counters |
//! | `exchange` | one request after another, as redirects lead |
//! | `redirect` | where a redirect leads, and what goes along |
//! | `connect` | a connection, and how long its steps took |
//! | `tls` | whom the client trusts, and how long a certificate is still valid |
//! | `answer` | the body: its lines, its length, the text in it |
//! | `progress` | how far an attempt has come, for its outcome |
//! | `fault` | what can go wrong, and whether another attempt may help |
//!
//! The README of this package describes it for operators.

#![forbid(unsafe_code)]

mod answer;
mod attempt;
mod config;
mod connect;
mod exchange;
mod fault;
mod job;
mod progress;
mod redirect;
mod request;
mod runner;
mod spec;
mod status;
mod tls;

use runner::HttpRunner;

solti_plugin_abi::export_plugin!(config: config::Config, HttpRunner {
    name: "httpcheck",
    kinds: [subprocess, "example.com/v1/HttpCheck"],
    labels: { "runs" = "http" },
    new: HttpRunner::new
});
