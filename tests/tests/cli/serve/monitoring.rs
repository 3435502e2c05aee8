//! The alerts and the dashboard: what they ask for is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use super::Serving;
use crate::{Place, shell, with};

fn file(name: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.parent().unwrap().join("docs/monitoring").join(name)
}

/// The names of metrics in a text.
fn names_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|it: char| !it.is_ascii_alphanumeric() && it != '_');
    let of_ours = words.filter(|it| it.starts_with("solti_") || it.starts_with("process_"));
    of_ours.map(str::to_owned).collect()
}

#[test]
fn what_alerts_and_dashboard_ask_for_is_what_a_service_counts() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let name = serving.submit(&shell("a", "true"));
    serving.ended(&name);
    asks_for_what_is_there(&serving, ["alerts.yml", "dashboard.json"]);
    let dashboard = fs::read_to_string(file("dashboard.json")).unwrap();
    let dashboard: serde_json::Value = serde_json::from_str(&dashboard).unwrap();
    assert!(dashboard["panels"].as_array().unwrap().len() > 10);
}

/// What these files ask for is what the service counts.
pub(crate) fn asks_for_what_is_there(serving: &Serving, files: [&str; 2]) {
    let metrics = serving.get("/metrics").text();
    let families: BTreeSet<_> = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    for file in files.map(file) {
        let text = fs::read_to_string(&file).unwrap();
        let names = names_in(&text);
        assert!(names.len() > 5, "{names:?}");
        for name in names {
            let family = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| name.strip_suffix(end))
                .unwrap_or(&name);
            assert!(families.contains(family), "{}: no {name}", file.display());
        }
    }
}

/// The value of a sample.
pub(crate) fn value(metrics: &str, sample: &str) -> f64 {
    let mut lines = metrics.lines();
    let found = lines.find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    let found = found.unwrap_or_else(|| panic!("no {sample} in {metrics}"));
    found.parse().unwrap()
}

/// What is written faster than any disk takes it makes its writer wait.
#[test]
fn what_plugins_write_is_counted_by_plugin_to_the_last_byte() {
    let place = Place::with(&["subprocess", "hello"]);
    let serving = Serving::start(&place, &["--jobs", "1"]);
    let of = |what: &str| format!("solti_plugin_output_{what}_total{{plugin=\"subprocess\"}}");
    let wide = "head -c 200000000 /dev/zero | tr '\\0' 'y'";
    for script in ["seq 3; printf end; seq 2 >&2", wide] {
        serving.ended(&serving.submit(&shell("a", script)));
    }
    let metrics = serving.get("/metrics").text();
    assert_eq!(value(&metrics, &of("lines")) as u64, 5);
    assert_eq!(value(&metrics, &of("bytes")) as u64, 200_000_013);
    assert!(value(&metrics, &of("waits")) > 0.0);
    assert!(
        !metrics.contains("output_lines_total{plugin=\"hello\"}"),
        "{metrics}"
    );
    let probes = ["passed", "remembered"].map(|result| {
        let sample = format!("solti_plugin_probes_total{{result=\"{result}\"}}");
        if metrics.contains(&sample) {
            value(&metrics, &sample) as u64
        } else {
            0
        }
    });
    assert_eq!(probes.iter().sum::<u64>(), 2);
    assert_eq!(
        value(&metrics, "solti_plugin_probe_seconds_count") as u64,
        probes[0]
    );
}

/// One task at a time: the others wait.
#[test]
fn tasks_that_run_and_tasks_that_wait_are_counted_apart() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &["--jobs", "1"]);
    let spec = with(shell("a", "sleep 100"), json!({ "admission": "queue" }));
    let names = [0; 3].map(|_| serving.submit(&spec));
    serving.until(&names[0], |task| task["phase"] == "running");
    let metrics = serving.get("/metrics").text();
    assert_eq!(value(&metrics, "solti_tasks_active") as u64, 3);
    assert_eq!(value(&metrics, "solti_tasks_running") as u64, 1);
    assert_eq!(value(&metrics, "solti_tasks_waiting") as u64, 2);
}

#[test]
fn the_alerts_are_rules_that_prometheus_takes() {
    for (name, rules) in [("alerts.yml", 11), ("fleet-alerts.yml", 5)] {
        let checked = Command::new("promtool")
            .args(["check", "rules"])
            .arg(file(name))
            .output();
        let Ok(checked) = checked else {
            return e2e::skip("promtool is not installed (Debian: prometheus)");
        };
        let said = String::from_utf8_lossy(&checked.stdout);
        assert!(checked.status.success(), "{said}{checked:?}");
        assert!(said.contains(&format!("{rules} rules found")), "{said}");
    }
}

#[test]
fn what_a_service_tells_is_what_prometheus_reads() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let name = serving.submit(&shell("a", "true"));
    serving.ended(&name);
    prometheus_reads(&serving);
}

/// Prometheus understands what the service tells.
pub(crate) fn prometheus_reads(serving: &Serving) {
    use std::io::Write as _;
    let metrics = serving.get("/metrics").text();
    let checking = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn();
    let Ok(mut checking) = checking else {
        return e2e::skip("promtool is not installed (Debian: prometheus)");
    };
    let mut stdin = checking.stdin.take().unwrap();
    stdin.write_all(metrics.as_bytes()).unwrap();
    drop(stdin);
    let checked = checking.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&checked.stderr);
    assert!(!said.contains("error while linting"), "{said}");
    // What it only finds unusual has another code, and is in lines of its own.
    assert_ne!(checked.status.code(), Some(1), "{said}");
}
