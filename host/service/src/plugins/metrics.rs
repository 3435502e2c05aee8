//! What is counted of plugins.

use std::collections::BTreeMap;
use std::time::Duration;

use solti_plugin_host::open_images;
use solti_plugin_host::report::label_value;

use super::all::Plugins;
use crate::exposition::{counters, family, sample, single};

impl Plugins {
    /// In Prometheus' text format.
    pub(crate) fn write(&self, text: &mut String) {
        let report = self.live.report();
        text.push_str(&report.metrics());
        text.push_str(&report.plugin_metrics());
        self.write_of_each(text);
        let counted = self.counted.lock();
        counters(
            text,
            "solti_plugin_reloads_total",
            "Looks at the directory of plugins, by whether it could be used.",
            of_one("result", &counted.reloads),
        );
        counters(
            text,
            "solti_plugin_changes_total",
            "Plugins that have come, changed or gone.",
            of_one("change", &counted.changes),
        );
        counters(
            text,
            "solti_plugin_probes_total",
            "Plugins that were taken, by how they had been tried out.",
            of_one("result", &counted.probes),
        );
        let name = "solti_plugin_probe_seconds";
        family(
            text,
            name,
            "summary",
            "How long it took to try plugins out.",
        );
        let (seconds, probes) = (Duration::from_millis(counted.probing), &counted.probes);
        let passed = probes.get("passed").copied().unwrap_or_default();
        sample(text, format_args!("{name}_sum {}", seconds.as_secs_f64()));
        sample(text, format_args!("{name}_count {passed}"));
        let refusals = counted
            .refusals
            .iter()
            .map(|((stage, code), count)| (format!("stage=\"{stage}\",reason=\"{code}\""), *count));
        counters(
            text,
            "solti_plugin_refusals_total",
            "Plugin files that were refused, by stage and reason.",
            refusals,
        );
        drop(counted);
        let open = open_images();
        let draining = self
            .live
            .departed()
            .iter()
            .filter(|it| it.active.is_some())
            .count();
        for (name, help, value) in [
            (
                "solti_plugin_images",
                "Libraries of plugins that are open; none is ever closed.",
                open.count,
            ),
            (
                "solti_plugin_images_limit",
                "How many may be open for one more.",
                self.limits.images,
            ),
            (
                "solti_plugin_image_bytes",
                "The lengths of their files together.",
                open.bytes,
            ),
            (
                "solti_plugin_image_bytes_limit",
                "How many bytes may be open with one more.",
                self.limits.bytes,
            ),
            (
                "solti_plugins_draining",
                "Plugins that finish what they have begun.",
                draining as u64,
            ),
        ] {
            single(text, name, "gauge", help, value);
        }
    }

    fn write_of_each(&self, text: &mut String) {
        let report = self.live.report();
        let attempts = self.live.attempts().into_iter();
        let attempts = attempts.flat_map(|(plugin, counts)| {
            let plugin = label_value(&plugin).to_string();
            let labels = move |outcome| format!("plugin=\"{plugin}\",outcome=\"{outcome}\"");
            let by_outcome = counts.by_outcome().into_iter();
            by_outcome.map(move |(outcome, count)| (labels(outcome), count))
        });
        counters(
            text,
            "solti_plugin_attempts_total",
            "Attempts of plugins that have ended, by how.",
            attempts,
        );
        type Value = fn(&solti_plugin_host::Plugin) -> u64;
        let of_each: [(_, _, _, Value); 3] = [
            (
                "solti_plugin_attempts_active",
                "gauge",
                "Attempts of plugins that have not ended.",
                |it| it.active_tasks(),
            ),
            (
                "solti_plugin_panics_total",
                "counter",
                "Panics of plugins.",
                |it| it.panics(),
            ),
            (
                "solti_plugin_retired",
                "gauge",
                "Whether a plugin gets no tasks, since it has panicked too often.",
                |it| u64::from(it.is_retired()),
            ),
        ];
        for (name, kind, help, value) in of_each {
            family(text, name, kind, help);
            for plugin in report.loaded() {
                let (label, value) = (label_value(&plugin.plugin), value(&plugin.handle));
                sample(text, format_args!("{name}{{plugin=\"{label}\"}} {value}"));
            }
        }
    }
}

/// Counts that differ in one label of this name.
fn of_one(
    label: &str,
    counts: &BTreeMap<&'static str, u64>,
) -> impl Iterator<Item = (String, u64)> {
    let labelled = counts.iter();
    labelled.map(move |(value, count)| (format!("{label}=\"{value}\""), *count))
}
