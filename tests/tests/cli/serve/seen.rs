//! What a service tells of itself: metrics, and its log.

use serde_json::{Value, json};

use super::Serving;
use crate::{Place, shell};

/// The value of a sample.
fn sample(metrics: &str, name: &str) -> f64 {
    let found = metrics
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    found
        .unwrap_or_else(|| panic!("no {name} in\n{metrics}"))
        .parse()
        .unwrap()
}

#[test]
fn metrics_count_every_task_and_request_and_have_what_the_system_says_of_the_process() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let specs: Vec<_> = (0..300_u32)
        .map(|number| {
            shell(
                &format!("s{number}"),
                if number.is_multiple_of(3) {
                    "exit 1"
                } else {
                    "true"
                },
            )
        })
        .collect();
    let all = serving.post("/v1/tasks", &json!(specs)).json();
    for task in all["tasks"].as_array().unwrap() {
        serving.ended(task["name"].as_str().unwrap());
    }
    serving.get("/v1/tasks/nobody");
    let metrics = serving.get("/metrics").text();
    for (name, expected) in [
        ("solti_tasks_accepted_total", 300.0),
        ("solti_tasks_ended_total{phase=\"succeeded\"}", 200.0),
        ("solti_tasks_ended_total{phase=\"failed\"}", 100.0),
        (
            "solti_tasks_started_total{runner_type=\"subprocess\"}",
            300.0,
        ),
        (
            "solti_http_requests_total{method=\"POST\",route=\"/v1/tasks\",status=\"201\"}",
            1.0,
        ),
        (
            "solti_http_requests_total{method=\"GET\",route=\"/v1/tasks/{name}\",status=\"404\"}",
            1.0,
        ),
        ("solti_http_request_seconds_count{route=\"/v1/tasks\"}", 1.0),
    ] {
        assert_eq!(sample(&metrics, name), expected, "{name}");
    }
    assert!(sample(&metrics, "process_resident_memory_bytes") > 1e6);
    assert!(sample(&metrics, "process_open_fds") > 5.0);
    assert!(sample(&metrics, "process_cpu_seconds_total") > 0.0);
    // Each family is described once, before its samples.
    let mut described = std::collections::BTreeSet::new();
    for line in metrics.lines() {
        if let Some(family) = line.strip_prefix("# TYPE ") {
            let name = family.split(' ').next().unwrap().to_owned();
            assert!(described.insert(name.clone()), "{name} is described twice");
        } else if !line.starts_with('#') {
            let name = line.split(['{', ' ']).next().unwrap();
            let family = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| name.strip_suffix(end).filter(|it| described.contains(*it)));
            assert!(
                described.contains(family.unwrap_or(name)),
                "{line} is not described"
            );
        }
    }
}

#[test]
fn the_log_can_be_objects_that_name_task_and_plugin() {
    let place = Place::with(&["subprocess"]);
    std::fs::write(place.plugins().join("broken.so"), "no library").unwrap();
    let serving = Serving::start(&place, &["-v", "--log-format", "json"]);
    let name = serving.submit(&shell("a", "true"));
    serving.ended(&name);
    let (code, stderr) = serving.terminate();
    assert_eq!(code, Some(0));
    let records: Vec<Value> = stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|err| panic!("{err}: {line}")))
        .collect();
    let of = |message: &str| {
        let found = records.iter().find(|it| it["message"] == message);
        found.unwrap_or_else(|| panic!("no {message:?} in {records:#?}"))
    };
    assert_eq!(of("accepted")["task"], name);
    assert_eq!(of("ended")["task"], name);
    assert_eq!(of("ended")["phase"], "succeeded");
    assert_eq!(of("ended")["level"], "INFO");
    assert!(of("ended")["timestamp"].as_str().unwrap().ends_with('Z'));
    let broken = records.iter().find(|it| it["file"] == "broken.so");
    assert_eq!(broken.unwrap()["level"], "WARN", "{records:#?}");
}
