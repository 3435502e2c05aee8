//! Prometheus' text format.

use std::fmt::{Arguments, Display, Write as _};

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

/// Adds a family of one sample without labels.
pub(crate) fn single(text: &mut String, name: &str, kind: &str, help: &str, value: impl Display) {
    family(text, name, kind, help);
    sample(text, format_args!("{name} {value}"));
}

/// Adds a family of counters that differ in their labels, such as `code="invalid"`.
pub(crate) fn counters<L: Display>(
    text: &mut String,
    name: &str,
    help: &str,
    counts: impl IntoIterator<Item = (L, u64)>,
) {
    family(text, name, "counter", help);
    for (labels, count) in counts {
        sample(text, format_args!("{name}{{{labels}}} {count}"));
    }
}
