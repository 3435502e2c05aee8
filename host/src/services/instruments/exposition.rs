//! What plugins measure, in Prometheus' text format.
//!
//! The format: <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>.

use std::collections::HashSet;
use std::fmt::Write as _;

use solti_plugin_abi::instruments::InstrumentKind;

use super::measured::Measured;

/// Before each name, so that none is taken for one of the host's.
const PREFIX: &str = "plugin_";

/// Everything that these plugins have measured, with the plugin's name as a label.
///
/// ```text
/// # TYPE plugin_requests_total counter
/// plugin_requests_total{plugin="http",code="200"} 12
/// ```
///
/// A collector takes one kind for a name: where two plugins disagree, or a sample would be called as one
/// of another instrument's, what comes second is named after its kind, too: `plugin_requests_total_gauge`.
pub(crate) fn exposition<'a>(
    plugins: impl IntoIterator<Item = (&'a str, Vec<Measured>)>,
) -> String {
    let mut families: Vec<Family> = Vec::new();
    let mut taken = HashSet::new();
    for (plugin, measured) in plugins {
        for it in measured {
            let known = families
                .iter()
                .position(|family| family.of == it.name && family.kind == it.kind);
            let at = known.unwrap_or_else(|| {
                families.push(Family::named(&it, &mut taken));
                families.len() - 1
            });
            families[at].add(plugin, &it);
        }
    }
    families.sort_by(|one, other| one.name.cmp(&other.name));
    let mut text = String::new();
    for family in families {
        // Writing into a String cannot fail, here and below.
        let _ = writeln!(text, "# TYPE {} {}", family.name, word(family.kind));
        text.push_str(&family.samples);
    }
    text
}

/// What all plugins have measured with instruments of one name and kind.
struct Family {
    /// The plugins' name for it.
    of: String,
    kind: InstrumentKind,
    /// The name in the text.
    name: String,
    samples: String,
}

impl Family {
    /// A family with a name of which no sample is called like one of those before.
    fn named(it: &Measured, taken: &mut HashSet<String>) -> Self {
        let mut name = format!("{PREFIX}{}", it.name);
        loop {
            let mut samples = vec![name.clone()];
            if it.kind == InstrumentKind::Histogram {
                samples.extend(["bucket", "sum", "count"].map(|part| format!("{name}_{part}")));
            }
            if !samples.iter().any(|sample| taken.contains(sample)) {
                taken.extend(samples);
                return Self {
                    of: it.name.clone(),
                    kind: it.kind,
                    name,
                    samples: String::new(),
                };
            }
            name = format!("{name}_{}", word(it.kind));
        }
    }

    fn add(&mut self, plugin: &str, it: &Measured) {
        write_samples(&mut self.samples, &self.name, plugin, it);
    }
}

fn word(kind: InstrumentKind) -> &'static str {
    match kind {
        InstrumentKind::Counter => "counter",
        InstrumentKind::Histogram => "histogram",
        _ => "gauge",
    }
}

fn write_samples(to: &mut String, name: &str, plugin: &str, it: &Measured) {
    let mut labels = format!("plugin=\"{}\"", label_value(plugin));
    for (key, value) in &it.labels {
        // The host's labels are the ones that can be relied on; a plugin's own give way.
        let mut exported = String::new();
        let taken = |name: &str| {
            name == "plugin" || name == "le" || it.labels.iter().any(|(other, _)| other == name)
        };
        if key == "plugin" || key == "le" {
            while exported.is_empty() || taken(&format!("{exported}{key}")) {
                exported.push_str("exported_");
            }
        }
        let _ = write!(labels, ",{exported}{key}=\"{}\"", label_value(value));
    }
    if it.kind != InstrumentKind::Histogram {
        let _ = writeln!(to, "{name}{{{labels}}} {}", it.value);
        return;
    }
    for (bound, count) in &it.buckets {
        let _ = writeln!(to, "{name}_bucket{{{labels},le=\"{bound}\"}} {count}");
    }
    let _ = writeln!(to, "{name}_bucket{{{labels},le=\"+Inf\"}} {}", it.count);
    let _ = writeln!(to, "{name}_sum{{{labels}}} {}", it.value);
    let _ = writeln!(to, "{name}_count{{{labels}}} {}", it.count);
}

/// Writes the value of a label as Prometheus' text format wants it: a backslash, a quotation mark and
/// the end of a line stand in it as `\\`, `\"` and `\n`.
///
/// For a host that writes counts of its own under the names its plugins chose.
///
/// # Examples
///
/// ```
/// use solti_plugin_host::report::label_value;
///
/// assert_eq!(label_value(r#"a "quoted" \ name"#), r#"a \"quoted\" \\ name"#);
/// ```
#[must_use]
pub fn label_value(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(name: &str, kind: InstrumentKind, labels: &[(&str, &str)]) -> Measured {
        Measured {
            name: name.to_owned(),
            kind,
            labels: labels
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
            value: 1.5,
            count: 2,
            buckets: vec![(0.5, 1), (1.0, 2)],
        }
    }

    #[test]
    fn two_plugins_with_one_name_for_two_things_spoil_no_scrape() {
        let text = exposition([
            (
                "a",
                vec![measured("n", InstrumentKind::Counter, &[("k", "v\"\n\\")])],
            ),
            (
                "b",
                vec![
                    measured("n", InstrumentKind::Gauge, &[("plugin", "a")]),
                    measured("n_gauge", InstrumentKind::Counter, &[]),
                    measured("seconds_count", InstrumentKind::Counter, &[]),
                    measured("seconds", InstrumentKind::Histogram, &[]),
                ],
            ),
        ]);
        let expected = "# TYPE plugin_n counter\n\
                        plugin_n{plugin=\"a\",k=\"v\\\"\\n\\\\\"} 1.5\n\
                        # TYPE plugin_n_gauge gauge\n\
                        plugin_n_gauge{plugin=\"b\",exported_plugin=\"a\"} 1.5\n\
                        # TYPE plugin_n_gauge_counter counter\n\
                        plugin_n_gauge_counter{plugin=\"b\"} 1.5\n\
                        # TYPE plugin_seconds_count counter\n\
                        plugin_seconds_count{plugin=\"b\"} 1.5\n\
                        # TYPE plugin_seconds_histogram histogram\n\
                        plugin_seconds_histogram_bucket{plugin=\"b\",le=\"0.5\"} 1\n\
                        plugin_seconds_histogram_bucket{plugin=\"b\",le=\"1\"} 2\n\
                        plugin_seconds_histogram_bucket{plugin=\"b\",le=\"+Inf\"} 2\n\
                        plugin_seconds_histogram_sum{plugin=\"b\"} 1.5\n\
                        plugin_seconds_histogram_count{plugin=\"b\"} 2\n";
        assert_eq!(text, expected);
    }
}
