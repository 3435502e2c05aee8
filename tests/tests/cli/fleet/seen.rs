//! The queue in the metrics and the API of the hosts that take tasks of it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::dead::put;
use super::{Fleet, until};
use crate::Place;
use crate::serve::Serving;
use crate::serve::monitoring::{asks_for_what_is_there, prometheus_reads, value};

#[test]
fn a_queue_that_is_behind_or_away_is_seen_by_who_looks_at_any_of_its_hosts() {
    let Some(mut fleet) = Fleet::with(&[]) else {
        return;
    };
    let place = Place::with(&["subprocess"]);
    let host = fleet.host(&place, &["--queue-name", "north", "--jobs", "3"]);
    fleet.done(&["submit", "--wait", "--", "true"]);
    fleet.done(&[
        "submit",
        "--name",
        "nobodys",
        "-l",
        "site=moon",
        "--",
        "true",
    ]);
    let of = |name: &str, selector: &str| {
        format!("{name}{{kind=\"subprocess\",selector=\"{selector}\"}}")
    };
    let moon = "{\\\"matchLabels\\\":{\\\"site\\\":\\\"moon\\\"}}";
    let waiting = of("solti_queue_tasks_waiting", moon);
    let metrics = until(
        || host.get("/metrics").text(),
        |metrics| metrics.contains(&waiting),
    );
    for (sample, expected) in [
        (waiting, 1.0),
        (of("solti_queue_takers", moon), 0.0),
        (of("solti_queue_takers", ""), 1.0),
        (of("solti_queue_tasks_waiting", ""), 0.0),
        ("solti_queue_up".to_owned(), 1.0),
        ("solti_queue_hosts".to_owned(), 1.0),
        ("solti_queue_places".to_owned(), 3.0),
        ("solti_queue_dead_letters".to_owned(), 0.0),
        (
            "solti_queue_deliveries_total{result=\"ended\"}".to_owned(),
            1.0,
        ),
    ] {
        assert_eq!(value(&metrics, &sample), expected, "{sample}");
    }
    asks_for_what_is_there(&host, ["fleet-alerts.yml", "fleet-dashboard.json"]);
    prometheus_reads(&host);

    let seen = || host.get("/v1/queue").json();
    let told = seen();
    assert_eq!(told["host"], "north", "{told:#}");
    assert_eq!(told["jobs"], 3, "{told:#}");
    assert_eq!(told["address"], fleet.url());
    assert_eq!(told["status"]["hosts"][0]["name"], "north", "{told:#}");
    assert_eq!(host.get("/v1/whoami").json()["service"]["queue"], true);

    fleet.server.kill();
    let told = until(seen, |told| told["problem"].is_string());
    // What was seen last is still told, as such.
    assert_eq!(told["status"]["hosts"][0]["name"], "north", "{told:#}");
    let metrics = host.get("/metrics").text();
    assert_eq!(value(&metrics, "solti_queue_up"), 0.0);
    assert!(!metrics.contains("solti_queue_tasks_waiting"), "{metrics}");
    host.ended(&host.submit(&crate::shell("own", "true")));
    // Nor does it keep those waiting who ask now and then, as Prometheus does.
    for _ in 0..2 {
        std::thread::sleep(Duration::from_millis(2500));
        let began = Instant::now();
        host.get("/metrics");
        assert!(began.elapsed() < Duration::from_secs(2));
    }
}

#[test]
fn a_dead_letter_is_put_back_by_the_api_of_a_host() {
    let Some(fleet) = Fleet::with(&[]) else {
        return;
    };
    let place = Place::with(&["subprocess"]);
    let host = fleet.host(&place, &[]);
    put(&fleet.url(), "broken", "no task");
    fleet.until("broken", |task| task["phase"] == "dead");
    let letters = until(
        || host.get("/v1/queue").json()["status"]["dead"].clone(),
        |dead| dead.as_array().is_some_and(|dead| !dead.is_empty()),
    );
    assert_eq!(letters[0]["name"], "broken", "{letters:#}");
    assert_eq!(letters[0]["deliveries"], 1, "{letters:#}");
    let since = letters[0]["at"].clone();
    let retry = |name: &str| host.post(&format!("/v1/queue/dead/{name}/retry"), &Value::Null);
    let answer = retry("broken");
    assert_eq!(
        (answer.status, answer.json()),
        (200, json!({ "name": "broken" }))
    );
    // It is as broken as before.
    until(
        || host.get("/v1/queue").json()["status"]["dead"].clone(),
        |dead| dead[0]["at"].is_u64() && dead[0]["at"] != since,
    );
    let answer = retry("good");
    assert_eq!(answer.status, 404);
    assert_eq!(
        answer.json()["error"]["message"],
        "the queue has no dead letter that is called good"
    );

    let alone = Place::with(&["subprocess"]);
    let alone = Serving::start(&alone, &[]);
    let answer = alone.get("/v1/queue");
    assert_eq!(answer.status, 404);
    assert_eq!(
        answer.json()["error"]["message"],
        "this service takes tasks of no queue: it was started without `--queue`"
    );
    assert!(!alone.get("/metrics").text().contains("solti_queue"));
    assert_eq!(alone.get("/v1/whoami").json()["service"]["queue"], false);
}
