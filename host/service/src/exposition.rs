//! Prometheus' text format.

use std::fmt::{Arguments, Write as _};

/// Begins a family of samples.
pub(crate) fn family(text: &mut String, name: &str, kind: &str, help: &str) {
    sample(
        text,
        format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"),
    );
}

/// Adds a sample.
pub(crate) fn sample(text: &mut String, line: Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}
