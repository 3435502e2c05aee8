//! What is counted of plugins.

use std::fmt::Write as _;

use solti_plugin_host::open_images;
use solti_plugin_host::report::label_value;

use super::all::Plugins;
use crate::exposition::{family, sample};

impl Plugins {
    /// In Prometheus' text format.
    pub(crate) fn write(&self, text: &mut String) {
        let report = self.live.report();
        text.push_str(&report.metrics());
        text.push_str(&report.plugin_metrics());
        self.write_of_each(text);
        let counted = self.counted.lock();
        let name = "solti_plugin_reloads_total";
        family(
            text,
            name,
            "counter",
            "Looks at the directory of plugins, by whether it could be used.",
        );
        for (result, count) in &counted.reloads {
            sample(text, format_args!("{name}{{result=\"{result}\"}} {count}"));
        }
        let name = "solti_plugin_changes_total";
        family(
            text,
            name,
            "counter",
            "Plugins that have come, changed or gone.",
        );
        for (change, count) in &counted.changes {
            sample(text, format_args!("{name}{{change=\"{change}\"}} {count}"));
        }
        let name = "solti_plugin_refusals_total";
        family(
            text,
            name,
            "counter",
            "Plugin files that were refused, by stage and reason.",
        );
        for ((stage, code), count) in &counted.refusals {
            sample(
                text,
                format_args!("{name}{{stage=\"{stage}\",reason=\"{code}\"}} {count}"),
            );
        }
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
            family(text, name, "gauge", help);
            sample(text, format_args!("{name} {value}"));
        }
    }

    fn write_of_each(&self, text: &mut String) {
        let report = self.live.report();
        let name = "solti_plugin_attempts_total";
        family(
            text,
            name,
            "counter",
            "Attempts of plugins that have ended, by how.",
        );
        for (plugin, counts) in self.live.attempts() {
            let plugin = label_value(&plugin);
            for (outcome, count) in counts.by_outcome() {
                let _ = writeln!(
                    text,
                    "{name}{{plugin=\"{plugin}\",outcome=\"{outcome}\"}} {count}"
                );
            }
        }
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
