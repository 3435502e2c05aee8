//! Reports as metrics.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::slice;

use super::directory::{Accepted, Report};

impl<T: Accepted> Report<T> {
    /// The report as text in Prometheus' exposition format: how many files had which outcome, a
    /// gauge, and how often one was rejected at which stage for which reason, a counter of this load.
    ///
    /// ```text
    /// solti_plugin_files{outcome="rejected"} 1
    /// solti_plugin_files_rejected_total{stage="inspect",reason="truncated"} 1
    /// ```
    #[must_use]
    pub fn metrics(&self) -> String {
        Self::metrics_of(slice::from_ref(self))
    }

    /// The metrics of several reports together.
    #[must_use]
    pub fn metrics_of(reports: &[Self]) -> String {
        let sum = |count: fn(&Self) -> usize| reports.iter().map(count).sum::<usize>();
        let mut text = String::from(
            "# HELP solti_plugin_files Plugin files by what became of them.\n\
             # TYPE solti_plugin_files gauge\n",
        );
        for (outcome, count) in [
            (T::OUTCOME, sum(|report| report.accepted.len())),
            ("rejected", sum(|report| report.rejected.len())),
            ("skipped", sum(|report| report.skipped.len())),
        ] {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "solti_plugin_files{{outcome=\"{outcome}\"}} {count}");
        }
        text.push_str(
            "# HELP solti_plugin_files_rejected_total Rejected plugin files by stage and reason.\n\
             # TYPE solti_plugin_files_rejected_total counter\n",
        );
        let mut by_reason = BTreeMap::<_, usize>::new();
        for file in reports.iter().flat_map(|report| &report.rejected) {
            let reason = (file.error.stage().to_string(), file.error.code());
            *by_reason.entry(reason).or_default() += 1;
        }
        for ((stage, reason), count) in by_reason {
            let _ = writeln!(
                text,
                "solti_plugin_files_rejected_total{{stage=\"{stage}\",reason=\"{reason}\"}} {count}"
            );
        }
        text
    }
}
