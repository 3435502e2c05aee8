//! Instruments of an author's own: counters, gauges and histograms that the host exports.
//!
//! They are statics, and cost one call across the boundary for each measurement. The host exports
//! them with the plugin's name as a label; a plugin may have at most so many names and label sets,
//! what is over that is counted as overflow.
//!
//! ```
//! use solti_plugin_abi::instruments::{Counter, Histogram};
//!
//! static REQUESTS: Counter = Counter::new("requests_total");
//! static LATENCY: Histogram = Histogram::new("request_seconds");
//!
//! REQUESTS.add(1.0, &[("code", "200")]);
//! LATENCY.observe(0.25, &[]);
//! ```

use std::sync::OnceLock;

/// What an instrument does with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InstrumentKind {
    /// Adds it up.
    Counter,
    /// Shows the latest.
    Gauge,
    /// Counts it among its like.
    Histogram,
}

/// A measurement on its way to whoever exports it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Measurement<'a> {
    /// What is done with the value.
    pub kind: InstrumentKind,
    /// The instrument's name.
    pub name: &'a str,
    /// Names and values of its labels.
    pub labels: &'a [(&'a str, &'a str)],
    /// The value.
    pub value: f64,
}

impl<'a> Measurement<'a> {
    /// A measurement of these parts.
    #[must_use]
    pub const fn new(
        kind: InstrumentKind,
        name: &'a str,
        labels: &'a [(&'a str, &'a str)],
        value: f64,
    ) -> Self {
        Self {
            kind,
            name,
            labels,
            value,
        }
    }
}

type Receiver = Box<dyn Fn(&Measurement<'_>) + Send + Sync>;

/// Who takes the measurements of this copy of the crate: in a plugin, its host.
static RECEIVER: OnceLock<Receiver> = OnceLock::new();

/// Makes `receiver` take every measurement of instruments that are linked into this program; the first
/// call wins, and answers `true`. Without it they go nowhere. A plugin's go to its host by themselves.
pub fn receive_with(receiver: impl Fn(&Measurement<'_>) + Send + Sync + 'static) -> bool {
    RECEIVER.set(Box::new(receiver)).is_ok()
}

fn measure(kind: InstrumentKind, name: &str, labels: &[(&str, &str)], value: f64) {
    if let Some(receiver) = RECEIVER.get() {
        receiver(&Measurement::new(kind, name, labels, value));
    }
}

/// Adds up.
#[derive(Debug)]
pub struct Counter(&'static str);

impl Counter {
    /// A counter of this name: letters, digits and underscores, ending in `_total` by custom.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// Adds `value`, which is not negative, to the sum of these labels. Does not block.
    pub fn add(&self, value: f64, labels: &[(&str, &str)]) {
        measure(InstrumentKind::Counter, self.0, labels, value);
    }
}

/// Shows the latest value.
#[derive(Debug)]
pub struct Gauge(&'static str);

impl Gauge {
    /// A gauge of this name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// Shows `value` for these labels from now on. Does not block.
    pub fn set(&self, value: f64, labels: &[(&str, &str)]) {
        measure(InstrumentKind::Gauge, self.0, labels, value);
    }
}

/// Counts values by size.
#[derive(Debug)]
pub struct Histogram(&'static str);

impl Histogram {
    /// A histogram of this name, whose buckets are the host's.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// Counts `value` for these labels. Does not block.
    pub fn observe(&self, value: f64, labels: &[(&str, &str)]) {
        measure(InstrumentKind::Histogram, self.0, labels, value);
    }
}
