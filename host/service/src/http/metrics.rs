//! What is counted, in Prometheus' text format.

mod process;
mod requests;

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};

use super::app::App;

pub(super) use requests::{Requests, count};

/// `GET /metrics`. What it tells of tasks is counted where their states are committed: there is no queue
/// between that could overflow.
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let mut text = String::new();
    app.tasks.counters.write(&mut text);
    let (all, ended) = app.tasks.store.counts().unwrap_or_default();
    let (bytes, lost) = app.tasks.outputs.bytes();
    for (name, kind, help, value) in [
        (
            "solti_tasks_active",
            "gauge",
            "Tasks that have not ended.",
            app.tasks.active() as u64,
        ),
        ("solti_tasks_stored", "gauge", "Tasks in the store.", all),
        (
            "solti_tasks_stored_ended",
            "gauge",
            "Tasks in the store that have ended.",
            ended,
        ),
        (
            "solti_output_bytes",
            "gauge",
            "Bytes of output that are kept.",
            bytes,
        ),
        (
            "solti_output_lost_bytes_total",
            "counter",
            "Bytes of output that were left out, since the disk was full.",
            lost,
        ),
    ] {
        family(&mut text, name, kind, help);
        sample(&mut text, format_args!("{name} {value}"));
    }
    app.requests.write(&mut text);
    text.push_str(&app.runners.counts().prometheus());
    text.push_str(&app.tasks.report.metrics());
    text.push_str(&app.tasks.report.plugin_metrics());
    process::write(&mut text);
    let content = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, content)], text).into_response()
}

/// Begins a family of samples.
fn family(text: &mut String, name: &str, kind: &str, help: &str) {
    sample(
        text,
        format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"),
    );
}

fn sample(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}
