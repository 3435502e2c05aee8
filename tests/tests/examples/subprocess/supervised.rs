//! What a supervisor that knows attempts gives one, asks of it and learns at its end.

use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value;
use solti_plugin_host::{AttemptControl, CallError, Spawn};
use taskvisor::TaskError;
use tokio_util::sync::CancellationToken;

use super::{host, shell};
use crate::support::SOON;

/// Asks until the process runs: before that, nobody knows the method.
async fn stats(control: &AttemptControl) -> Value {
    let began = Instant::now();
    loop {
        match control.call("stats", Bytes::new()).await {
            Ok(stats) => return serde_json::from_slice(&stats).unwrap(),
            Err(CallError::UnknownMethod { .. }) if began.elapsed() < SOON => {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            Err(err) => panic!("{err}"),
        }
    }
}

#[tokio::test]
async fn a_signal_reaches_every_process_of_the_attempt_and_is_its_outcome() {
    let host = host();
    let task = host.build(&shell("sleep 600 & sleep 600"));
    let attempt = Spawn::new(1).begin(&task, CancellationToken::new());
    let running = tokio::spawn(attempt.future);
    let stats = stats(&attempt.control).await;
    assert!(stats["pid"].as_u64().is_some_and(|pid| pid > 1), "{stats}");
    #[cfg(target_os = "linux")]
    assert!(
        stats["resident_bytes"].as_u64().is_some_and(|it| it > 0),
        "{stats}"
    );
    let call = async |request: &'static str| attempt.control.call("signal", request.into()).await;
    assert_eq!(
        call("{}").await.unwrap_err().to_string(),
        "'signal' failed: expected {\"signal\": NUMBER}: missing field `signal` at line 1 column 2"
    );
    assert_eq!(
        call(r#"{"signal": 4711}"#).await.unwrap_err().to_string(),
        "'signal' failed: 4711 is not the number of a signal"
    );
    call(r#"{"signal": 15}"#).await.unwrap();
    let end = tokio::time::timeout(SOON, running).await.unwrap().unwrap();
    assert!(
        matches!(&end, Err(TaskError::Fail { reason, .. })
            if reason == "process terminated by signal: 15 (SIGTERM)"),
        "{end:?}"
    );
    assert_eq!(attempt.control.outcome().signal, Some(15));
    let over = attempt.control.call("stats", Bytes::new()).await;
    assert_eq!(over, Err(CallError::unknown("stats")));
}

#[tokio::test]
async fn an_exit_code_is_told_of_a_success_as_well() {
    let host = host();
    for (script, code) in [("exit 0", 0), ("exit 3", 3)] {
        let task = host.build(&shell(script));
        let attempt = Spawn::new(1).begin(&task, CancellationToken::new());
        let end = tokio::time::timeout(SOON, attempt.future).await.unwrap();
        assert_eq!(end.is_ok(), code == 0, "{end:?}");
        assert_eq!(attempt.control.outcome().exit_code, Some(code));
    }
}

#[tokio::test]
async fn a_process_reads_what_its_supervisor_gives_it_and_otherwise_nothing() {
    let host = host();
    for (given, exit_code) in [(Some("hello\n"), 0), (None, 1)] {
        let task = host.build(&shell("read -r line && test \"$line\" = hello"));
        let mut spawn = Spawn::new(1);
        if let Some(text) = given {
            let (reader, mut writer) = std::io::pipe().unwrap();
            writer.write_all(text.as_bytes()).unwrap();
            spawn = spawn.with_stdin(OwnedFd::from(reader));
        }
        let attempt = spawn.begin(&task, CancellationToken::new());
        let _ = tokio::time::timeout(SOON, attempt.future).await.unwrap();
        assert_eq!(attempt.control.outcome().exit_code, Some(exit_code));
    }
}
