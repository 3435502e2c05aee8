//! Bodies of any length.

use serde_json::json;
use solti_model::TaskId;
use solti_plugin_host::Spawn;
use solti_plugin_host::output::{TapEvent, TapOptions};
use tokio_util::sync::CancellationToken;

use super::{Reply, Server, build, check, configured, failed, fatal, host, reply, run};
use crate::support::SOON;

/// Lines of 64 bytes in 100 MB.
const LINES: u64 = 100_000_000 / 64;

#[tokio::test]
async fn a_body_of_100_mb_comes_whole_and_no_faster_than_its_reader_takes_it() {
    let server = Server::plain(|_| Reply::Lines(LINES)).await;
    let host = configured("max_body_bytes = 200000000");
    let task = build(&host, &check(&server.url("/"), json!({})));
    let id = TaskId::from(task.name());
    host.registry.ensure_channel(id.clone());
    let options = TapOptions::default().with_capacity(1 << 20);
    let mut tap = host.registry.tap(&id, options).unwrap();
    let attempt = Spawn::new(1).begin(&task, CancellationToken::new());
    let running = tokio::spawn(attempt.future);
    let (mut bytes, mut most) = (0, 0);
    while bytes < LINES * 64 {
        match tokio::time::timeout(SOON, tap.next())
            .await
            .unwrap()
            .unwrap()
        {
            TapEvent::Block(block) => {
                bytes += block.bytes.len() as u64;
                most = most.max(block.bytes.len());
                assert!(block.bytes.iter().all(|byte| matches!(byte, b'x' | b'\n')));
            }
            TapEvent::Lost { bytes, .. } => panic!("{bytes} bytes are lost"),
            _ => {}
        }
    }
    assert_eq!(bytes, LINES * 64);
    assert!(most <= 2 << 20, "{most}");
    tokio::time::timeout(SOON, running)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(attempt.control.outcome().details["bodyBytes"], LINES * 64);
}

#[tokio::test]
async fn a_body_without_end_is_cut_where_the_task_or_the_operator_says() {
    let server = Server::plain(|_| Reply::Lines(LINES)).await;
    let host = host();
    let (end, details) = run(&host, &check(&server.url("/"), json!({}))).await;
    assert_eq!(
        fatal(end),
        "the body has more than 16777216 bytes; maxBodyBytes is how many are read"
    );
    assert_eq!(details["bodyBytes"], 16_777_216);
    let short = json!({ "maxBodyBytes": 100, "output": false });
    let (end, details) = run(&host, &check(&server.url("/"), short)).await;
    assert_eq!(
        fatal(end),
        "the body has more than 100 bytes; maxBodyBytes is how many are read"
    );
    assert_eq!(details["bodyBytes"], 100);
}

#[tokio::test]
async fn a_text_that_is_missing_is_a_failure_that_may_pass() {
    let server = Server::plain(|_| reply("200 OK", "", "starting")).await;
    let (end, _) = run(
        &host(),
        &check(&server.url("/"), json!({ "expectText": "ready" })),
    )
    .await;
    assert_eq!(
        failed(end),
        "the body has 8 bytes and does not contain \"ready\""
    );
}
