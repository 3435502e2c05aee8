//! Builds that wait, are cancelled and hold nobody up.

use std::fs;
use std::time::Duration;

use solti_model::TaskId;
use solti_plugin_host::{RunId, Spawn};
use tokio_util::sync::CancellationToken;

use super::{plugin, soon, wait_for};
use crate::support::{Host, command};

#[tokio::test]
async fn a_build_that_is_dropped_is_cancelled_whatever_it_waits_for() {
    let host = Host::with(&["modern"]);
    for behaviour in ["build-waits", "build-blocks"] {
        let directory = tempfile::tempdir().unwrap();
        let mark = directory.path().join("mark");
        let spec = command("s", behaviour, &[mark.to_str().unwrap()]);
        let building = host.router.build_async(&spec);
        let given_up = tokio::time::timeout(Duration::from_millis(100), building).await;
        assert!(given_up.is_err(), "{behaviour}");
        wait_for(&mark);
    }
    // Cancelled, it answers that.
    let directory = tempfile::tempdir().unwrap();
    let mark = directory.path().join("mark");
    let spec = command("s", "build-waits", &[mark.to_str().unwrap()]);
    let cancel = CancellationToken::new();
    let context = host
        .router
        .context()
        .clone()
        .with_cancellation(cancel.clone());
    let canceler = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        cancel.cancel();
    });
    let refused = soon(host.router.build_async_in(&spec, context)).await;
    let refused = refused.map(|_| ()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "internal error: the build was cancelled"
    );
    canceler.await.unwrap();
}

#[tokio::test]
async fn a_slow_build_does_not_hold_up_others_nor_do_many_attempts() {
    let host = Host::with(&["modern"]);
    let directory = tempfile::tempdir().unwrap();
    let mark = directory.path().join("mark");
    let slow = command("slow", "build-blocks", &[mark.to_str().unwrap()]);
    let waiting: Vec<_> = (0..50)
        .map(|_| {
            let task = host.build(&command("s", "wait", &[]));
            Spawn::new(1).begin(&task, CancellationToken::new())
        })
        .collect();
    let slow = host.router.build_async(&slow);
    let quick = async {
        for behaviour in ["number", "build-awaits"] {
            soon(host.router.build_async(&command("q", behaviour, &[])))
                .await
                .unwrap();
        }
    };
    tokio::select! {
        biased;
        built = slow => panic!("it was built: {}", built.is_ok()),
        () = quick => {}
    }
    drop(waiting);
    let panicked = soon(host.router.build_async(&command("s", "build-panics", &[]))).await;
    let panicked = panicked.map(|_| ()).unwrap_err().to_string();
    let begins = "internal error: plugin 'modern' panicked: told to panic while building (at ";
    assert!(panicked.starts_with(begins), "{panicked}");
}

#[tokio::test]
async fn an_attempt_that_holds_up_the_plugins_only_worker_holds_up_no_build_and_no_cancel() {
    let host = Host::with(&["modern"]);
    let directory = tempfile::tempdir().unwrap();
    let [let_go, mark] = ["let-go", "mark"].map(|name| directory.path().join(name));
    let hog = host.build(&command("s", "hog", &[let_go.to_str().unwrap()]));
    let mut events = host.registry.subscribe(&TaskId::from(hog.name())).unwrap();
    let attempt = Spawn::new(1).begin(&hog, CancellationToken::new());
    let running = tokio::spawn(attempt.future);
    soon(events.recv()).await.unwrap();
    let built = soon(host.router.build_async(&command("s", "number", &[]))).await;
    built.unwrap();
    let cancel = CancellationToken::new();
    let context = host
        .router
        .context()
        .clone()
        .with_cancellation(cancel.clone());
    let blocks = command("s", "build-blocks", &[mark.to_str().unwrap()]);
    let building = host.router.build_async_in(&blocks, context);
    let canceler = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        cancel.cancel();
    };
    let (refused, ()) = soon(async { tokio::join!(building, canceler) }).await;
    let refused = refused.map(drop).unwrap_err().to_string();
    assert_eq!(refused, "internal error: the build was cancelled");
    wait_for(&mark);
    fs::write(&let_go, "").unwrap();
    soon(running).await.unwrap().unwrap();
}

/// Waits until the registry has so many channels.
async fn wait_for_channels(host: &Host, channels: usize) {
    soon(async {
        while host.registry.active_channels() != channels {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_build_that_leads_to_no_task_leaves_no_channel_behind() {
    let host = Host::with(&["modern"]);
    // Given up after it has made one.
    let announces = command("s", "build-announces", &[]);
    let building = host.router.build_async(&announces);
    tokio::select! {
        built = building => panic!("it was built: {}", built.is_ok()),
        () = wait_for_channels(&host, 1) => {}
    }
    assert_eq!(host.registry.active_channels(), 0);
    // Given up before it makes one, on a thread that nobody can stop.
    let directory = tempfile::tempdir().unwrap();
    let mark = directory.path().join("mark");
    let blocks = command("s", "build-blocks", &[mark.to_str().unwrap()]);
    let building = host.router.build_async(&blocks);
    let given_up = tokio::time::timeout(Duration::from_millis(100), building).await;
    assert!(given_up.is_err());
    wait_for(&mark);
    // It has made its task by the time that it is idle, and a moment later than the mark.
    soon(plugin(&host).idle()).await;
    assert_eq!(host.registry.active_channels(), 0);
    // Failed.
    let fails = command("s", "build-announces-and-fails", &[]);
    assert!(host.router.build(&fails).is_err());
    assert!(soon(host.router.build_async(&fails)).await.is_err());
    assert_eq!(host.registry.active_channels(), 0);
    // One that was there before is not the build's to take away, and a task's stays.
    let context = host.router.context().clone();
    let known = context.with_run_id(RunId::from_parts("known-1".to_owned(), 1));
    host.registry.ensure_channel(TaskId::from("known-1"));
    assert!(
        soon(host.router.build_async_in(&fails, known))
            .await
            .is_err()
    );
    assert_eq!(host.registry.active_channels(), 1);
    let task = host.build(&command("s", "number", &[]));
    assert_eq!(host.registry.active_channels(), 2);
    drop(task);
    assert_eq!(host.registry.active_channels(), 2);
}
