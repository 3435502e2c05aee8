//! Scripts that do not end by themselves.

use std::time::{Duration, Instant};

use serde_json::json;
use solti_model::TaskId;
use solti_plugin_host::Spawn;
use solti_plugin_host::output::TapOptions;
use taskvisor::TaskError;
use tokio_util::sync::CancellationToken;

use super::{Place, failed};
use crate::support::SOON;

/// A statement without end that prints nothing.
const ENDLESS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
                       SELECT max(i) FROM n";

#[tokio::test]
async fn a_script_that_takes_too_long_is_given_up_and_the_reason_names_the_statement() {
    let place = Place::new();
    let sql = format!("SELECT 1;\n{ENDLESS}");
    let (end, lines) = place.run(&sql, json!({ "timeout": 200 })).await;
    assert_eq!(
        failed(end),
        "not done within 200ms: the time was over in statement 2 (line 2)"
    );
    assert_eq!(lines, [r#"{"1":1}"#]);
}

#[tokio::test]
async fn a_cancelled_script_ends_at_once_and_a_dropped_one_gives_its_turn_back() {
    let place = Place::with("max_connections = 1");
    let task = place.build(&place.script(ENDLESS, json!({})));
    for drops in [false, true] {
        let cancel = CancellationToken::new();
        let running = tokio::spawn(Spawn::new(1).begin(&task, cancel.clone()).future);
        // Whoever comes second has no turn while the first one runs.
        let next = place.build(&place.script("SELECT 1", json!({})));
        let next = Spawn::new(1).begin(&next, CancellationToken::new()).future;
        let mut next = tokio::spawn(next);
        let early = tokio::time::timeout(Duration::from_millis(100), &mut next).await;
        let began = Instant::now();
        if drops {
            running.abort();
        } else {
            cancel.cancel();
            let end = tokio::time::timeout(SOON, running).await.unwrap().unwrap();
            assert!(matches!(end, Err(TaskError::Canceled)), "{end:?}");
        }
        if early.is_err() {
            tokio::time::timeout(SOON, next)
                .await
                .unwrap()
                .unwrap()
                .unwrap();
        }
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "{:?}",
            began.elapsed()
        );
    }
}

#[tokio::test]
async fn a_script_whose_reader_is_slow_waits_and_can_be_cancelled_meanwhile() {
    let place = Place::new();
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
               SELECT i, printf('%100s', 'x') FROM n";
    let task = place.build(&place.script(sql, json!({ "maxRows": 2000 })));
    let id = TaskId::from(task.name());
    place.host.registry.ensure_channel(id.clone());
    let options = TapOptions::default()
        .with_capacity(1 << 10)
        .with_overrun(1 << 20);
    let mut tap = place.host.registry.tap(&id, options).unwrap();
    let cancel = CancellationToken::new();
    let running = tokio::spawn(Spawn::new(1).begin(&task, cancel.clone()).future);
    tokio::time::timeout(SOON, tap.next())
        .await
        .unwrap()
        .unwrap();
    // One that did not wait has printed all it may by then, and failed.
    tokio::time::sleep(Duration::from_millis(200)).await;
    cancel.cancel();
    let end = tokio::time::timeout(SOON, running).await.unwrap().unwrap();
    assert!(matches!(end, Err(TaskError::Canceled)), "{end:?}");
}
