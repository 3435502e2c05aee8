//! What the published supervisor documents: attempts, restarts, time-outs, cancellation, slots.

use serde_json::json;
use solti_plugin_bridge::published::model::TaskId;

use super::{Supervised, manifest, shell};

#[tokio::test(flavor = "multi_thread")]
async fn a_task_ends_as_its_process_does() {
    let it = Supervised::start().await;
    for (name, script, phase, exit_code) in [
        ("good", "true", "succeeded", None),
        ("bad", "exit 7", "exhausted", Some(7)),
    ] {
        let created = it
            .api
            .create_task(manifest(name, &shell(script), json!({})))
            .await;
        created.unwrap();
        // For a moment it is what its last attempt was.
        it.until(name, |task| task.phase().to_string() == phase)
            .await;
        assert_eq!(it.get(name).status().exit_code(), exit_code, "{name}");
    }
    it.api.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_fails_is_tried_again_as_often_as_it_says() {
    let it = Supervised::start().await;
    let counter = it.directory.path().join("count");
    let script = format!("echo x >> {}; exit 1", counter.display());
    let more = json!({ "restart": { "type": "onFailure" }, "maxRetries": 3 });
    it.api
        .create_task(manifest("n", &shell(&script), more))
        .await
        .unwrap();
    it.until("n", |task| task.phase().to_string() == "exhausted")
        .await;
    assert_eq!(std::fs::read_to_string(counter).unwrap().lines().count(), 4);
    it.api.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_takes_too_long_ends_with_its_children() {
    let it = Supervised::start().await;
    let pid = it.directory.path().join("pid");
    let script = format!("echo $$ > {}; exec sleep 60", pid.display());
    let more = json!({ "timeout": 2_000 });
    it.api
        .create_task(manifest("n", &shell(&script), more))
        .await
        .unwrap();
    assert_eq!(it.phase_at_end("n").await, "timeout");
    let pid = std::fs::read_to_string(pid).unwrap();
    let state =
        || std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    let began = std::time::Instant::now();
    while !state().is_empty() && !state().contains(") Z ") {
        assert!(began.elapsed() < super::SOON, "{}", state());
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    it.api.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_is_cancelled_or_deleted_is_gone() {
    let it = Supervised::start().await;
    for name in ["a", "b"] {
        it.api
            .create_task(manifest(name, &shell("sleep 60"), json!({})))
            .await
            .unwrap();
        it.until(name, |task| task.phase().to_string() == "running")
            .await;
    }
    let id = |name| TaskId::new(name).unwrap();
    it.api.cancel_task(&id("a")).await.unwrap();
    assert_eq!(it.phase_at_end("a").await, "canceled");
    it.api.delete_task(&id("b")).await.unwrap();
    assert!(it.api.get_task(&id("b")).is_none());
    it.api.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_is_applied_again_runs_with_its_new_spec() {
    let it = Supervised::start().await;
    it.api
        .apply_task(manifest("n", &shell("sleep 60"), json!({})))
        .await
        .unwrap();
    it.until("n", |task| task.phase().to_string() == "running")
        .await;
    let applied = it
        .api
        .apply_task(manifest("n", &shell("exit 3"), json!({})))
        .await
        .unwrap();
    assert_eq!(applied.metadata().generation(), 2);
    let task = it
        .until("n", |task| task.status().exit_code() == Some(3))
        .await;
    assert!(task.phase().is_terminal());
    it.api.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_queues_drops_or_replaces() {
    let it = Supervised::start().await;
    let log = it.directory.path().join("log");
    let write = |text: &str| {
        format!(
            "echo {text} >> {0}; sleep 0.2; echo {text} >> {0}",
            log.display()
        )
    };
    for name in ["first", "second"] {
        let more = json!({ "slot": "queue" });
        it.api
            .create_task(manifest(name, &shell(&write(name)), more))
            .await
            .unwrap();
    }
    for name in ["first", "second"] {
        assert_eq!(it.phase_at_end(name).await, "succeeded");
    }
    // They are built side by side, so either may be the first.
    let lines = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<_> = lines.lines().collect();
    assert!(
        lines.len() == 4 && lines[0] == lines[1] && lines[2] == lines[3],
        "{lines:?}"
    );
    for (admission, of_first, of_second) in [
        ("dropIfRunning", "succeeded", "canceled"),
        ("replace", "canceled", "succeeded"),
    ] {
        let slot = admission.to_lowercase();
        let go = it.directory.path().join(&slot);
        let names = [format!("{slot}-1"), format!("{slot}-2")];
        let first = format!("until [ -e {} ]; do sleep 0.02; done", go.display());
        for (name, script) in names.iter().zip([&*first, "true"]) {
            let more = json!({ "slot": slot, "admission": admission });
            it.api
                .create_task(manifest(name, &shell(script), more))
                .await
                .unwrap();
            if *name == names[0] {
                it.until(name, |task| task.phase().to_string() == "running")
                    .await;
            }
        }
        assert_eq!(it.phase_at_end(&names[1]).await, of_second, "{admission}");
        std::fs::write(&go, "").unwrap();
        assert_eq!(it.phase_at_end(&names[0]).await, of_first, "{admission}");
    }
    it.api.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_all_end_and_leave_nothing_behind() {
    let it = Supervised::start().await;
    for number in 0..300 {
        let name = format!("n{number}");
        it.api
            .create_task(manifest(&name, &shell("true"), json!({})))
            .await
            .unwrap();
    }
    for number in 0..300 {
        assert_eq!(it.phase_at_end(&format!("n{number}")).await, "succeeded");
    }
    it.api.shutdown().await.unwrap();
}
