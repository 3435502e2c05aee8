//! Reports, without what differs from run to run.

use serde_json::Value;

/// What was measured of a file, and how long its probe took.
const MEASURED: &[&str] = &["size", "sha256", "times_ms", "probe"];

/// A report as JSON without its measurements.
///
/// # Panics
///
/// When a file in it that was loaded has none.
#[must_use]
pub fn unmeasured(mut report: Value) -> Value {
    for (outcome, files) in report.as_object_mut().into_iter().flatten() {
        for file in files.as_array_mut().into_iter().flatten() {
            for name in MEASURED {
                let value = file.as_object_mut().and_then(|file| file.remove(*name));
                assert!(
                    value.is_some() || outcome != "loaded",
                    "a loaded file has its {name}: {file}"
                );
            }
        }
    }
    report
}
