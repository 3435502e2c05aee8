//! `solti-runner` 0.0.2, both ways.

use std::sync::Arc;

use serde_json::json;
use solti_exec::subprocess::SubprocessRunner;
use solti_model::{OutputEvent, TaskId, TaskSpec};
use solti_plugin_bridge::v0_0_2::{FromPublished, load_dir};
use solti_plugin_host::counts::Counters;
use taskvisor::TaskRef;
use tokio_util::sync::CancellationToken;

use super::plugins;

fn spec(script: &str) -> TaskSpec {
    serde_json::from_value(json!({
        "slot": "s", "timeout": 60_000, "restart": { "type": "never" }, "admission": "queue",
        "backoff": { "firstMs": 1, "maxMs": 9, "factor": 2.0, "jitter": "none" },
        "kind": { "subprocess": { "mode": { "command": { "command": "sh", "args": ["-c", script] } },
            "failOnNonZero": true } },
    }))
    .unwrap()
}

async fn attempt(task: &TaskRef) -> Result<(), taskvisor::TaskError> {
    task.spawn(CancellationToken::new()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_is_a_runner_of_a_router_of_0_0_2() {
    let directory = plugins(
        &["subprocess"],
        &[("subprocess", "[labels]\nzone = \"eu\"\n")],
    );
    let registry = Arc::new(solti_runner::OutputRegistry::new(64));
    let context = solti_runner::BuildContext::default().with_output_registry(Arc::clone(&registry));
    let mut router = solti_runner::RunnerRouter::new().with_context(context);
    let report = load_dir(directory.path(), &mut router).unwrap();
    assert_eq!(report.loaded().len(), 1, "{report}");
    assert!(router.contains_label("zone", "eu"));
    let task = router
        .build(&spec("echo out; echo err >&2; exit 3"))
        .unwrap();
    let id = TaskId::from(task.name());
    registry.ensure_channel(id.clone());
    let mut events = registry.subscribe(&id).unwrap();
    let err = attempt(&task).await.unwrap_err();
    assert!(err.to_string().contains('3'), "{err}");
    let mut lines = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let OutputEvent::Chunk(chunk) = event {
            lines.push(String::from_utf8(chunk.line.to_vec()).unwrap());
        }
    }
    lines.sort();
    assert_eq!(lines, ["err", "out"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_of_0_0_2_is_one_of_our_router_with_its_lines_and_counts() {
    let registry = Arc::new(solti_plugin_host::OutputRegistry::new(64));
    let counters = Arc::new(Counters::default());
    let context = solti_plugin_host::BuildContext::default()
        .with_metrics(Arc::clone(&counters) as _)
        .with_output_registry(Arc::clone(&registry));
    let mut router = solti_plugin_host::RunnerRouter::new().with_context(context);
    let runner = SubprocessRunner::new("subprocess");
    router.register(Arc::new(FromPublished::new(Arc::new(runner))));
    let task = router.build(&spec("seq 100; echo last >&2")).unwrap();
    let id = TaskId::from(task.name());
    registry.ensure_channel(id.clone());
    let mut tap = registry
        .tap(&id, solti_plugin_host::output::TapOptions::default())
        .unwrap();
    attempt(&task).await.unwrap();
    drop(task);
    registry.evict(&id);
    let mut bytes = Vec::new();
    while let Some(event) = tap.next().await {
        if let solti_plugin_host::output::TapEvent::Block(block) = event {
            bytes.extend_from_slice(&block.bytes);
        }
    }
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(text.lines().count(), 101, "{text}");
    assert!(
        text.contains("\n100\n") && text.contains("last\n"),
        "{text}"
    );
    let counts = counters.counts();
    assert_eq!(counts.started["subprocess"], 1);
    assert_eq!(counts.completed["subprocess"]["success"], 1);
}
