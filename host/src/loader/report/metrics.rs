//! The report as metrics.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::LoadReport;

impl LoadReport {
    /// The report as text in Prometheus' exposition format: how many files had which outcome, and
    /// how many were rejected at which stage for which reason.
    ///
    /// ```text
    /// solti_plugin_files{outcome="rejected"} 1
    /// solti_plugin_files_rejected{stage="inspect",reason="truncated"} 1
    /// ```
    #[must_use]
    pub fn metrics(&self) -> String {
        let mut text = String::from(
            "# HELP solti_plugin_files Plugin files by what became of them.\n\
             # TYPE solti_plugin_files gauge\n",
        );
        for (outcome, count) in [
            ("loaded", self.loaded.len()),
            ("rejected", self.rejected.len()),
            ("skipped", self.skipped.len()),
        ] {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "solti_plugin_files{{outcome=\"{outcome}\"}} {count}");
        }
        text.push_str(
            "# HELP solti_plugin_files_rejected Rejected plugin files by stage and reason.\n\
             # TYPE solti_plugin_files_rejected gauge\n",
        );
        let mut rejected = BTreeMap::<_, usize>::new();
        for file in &self.rejected {
            let reason = (file.error.stage().to_string(), file.error.code());
            *rejected.entry(reason).or_default() += 1;
        }
        for ((stage, reason), count) in rejected {
            let _ = writeln!(
                text,
                "solti_plugin_files_rejected{{stage=\"{stage}\",reason=\"{reason}\"}} {count}"
            );
        }
        text
    }
}
