//! What has been counted, in Prometheus' text format, under the names that the published backend
//! gives it.

use std::fmt::Write as _;

use super::Counts;
use crate::services::instruments::label_value;

impl Counts {
    /// The counts in Prometheus' text format, under the names that the published backend gives them.
    #[must_use]
    pub fn prometheus(&self) -> String {
        text_of(self)
    }
}

fn text_of(counts: &Counts) -> String {
    let mut text = String::new();
    begin(&mut text, "solti_tasks_started_total", "Attempts started.");
    for (runner_type, count) in &counts.started {
        let runner_type = label_value(runner_type);
        line(
            &mut text,
            format_args!("solti_tasks_started_total{{runner_type=\"{runner_type}\"}} {count}"),
        );
    }
    for (name, help, label, by_type) in [
        (
            "solti_tasks_completed_total",
            "Attempts that ended, by outcome.",
            "outcome",
            &counts.completed,
        ),
        (
            "solti_runner_errors_total",
            "Errors of the runners themselves, by kind.",
            "error_kind",
            &counts.errors,
        ),
    ] {
        begin(&mut text, name, help);
        for (runner_type, by_label) in by_type {
            let runner_type = label_value(runner_type);
            for (value, count) in by_label {
                let value = label_value(value);
                let labels = format_args!("runner_type=\"{runner_type}\",{label}=\"{value}\"");
                line(&mut text, format_args!("{name}{{{labels}}} {count}"));
            }
        }
    }
    text
}

fn begin(text: &mut String, name: &str, help: &str) {
    line(text, format_args!("# HELP {name} {help}"));
    line(text, format_args!("# TYPE {name} counter"));
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("a string takes every text");
}
