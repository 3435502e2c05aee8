//! What one instrument has measured.

use solti_plugin_abi::instruments::InstrumentKind;

/// What one instrument of a plugin has measured under one set of labels.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Measured {
    /// The instrument's name.
    pub name: String,
    /// What it does with values.
    pub kind: InstrumentKind,
    /// Names and values of its labels.
    pub labels: Vec<(String, String)>,
    /// The sum of a counter, the latest value of a gauge, the sum of what a histogram has observed.
    pub value: f64,
    /// How many values a histogram has observed; 0 for the others.
    pub count: u64,
    /// The upper bound of each bucket of a histogram and how many values were at most that.
    pub buckets: Vec<(f64, u64)>,
}
