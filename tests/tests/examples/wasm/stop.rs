//! Modules that do not end by themselves.

use super::*;

#[tokio::test]
async fn a_guest_stops_when_it_is_cancelled_whatever_it_does() {
    let wasm = Wasm::new();
    for (what, work) in [
        ("computing", ENDLESS),
        ("calling", ENDLESS_CALLS),
        ("sleeping", SLEEP),
        ("polling", SLEEP_BY_TWO),
    ] {
        stops_in_time(&format!("cancelled while {what}"), async || {
            let seen = wasm.host.metrics.all().len();
            // Its line has come by now: output is live.
            let running = wasm.start(&wasm.spec(&worker(work))).await;
            let began = Instant::now();
            running.cancel.cancel();
            let end = soon(running.attempt).await.unwrap();
            assert!(matches!(end, Err(TaskError::Canceled)), "{end:?}");
            wasm.gone(&running.id, running.task, running.events).await;
            let took = began.elapsed();
            assert_eq!(
                wasm.host.metrics.all()[seen..],
                [STARTED, completed(TaskOutcome::Canceled)]
            );
            took
        })
        .await;
    }
}

#[tokio::test]
async fn a_single_call_of_a_guest_that_has_no_end_stops_with_it() {
    let data = tempfile::tempdir().unwrap();
    let wasm = Wasm::with(&format!(
        "directories = [{{ host = '{}', guest = '/data', writable = true }}]",
        data.path().display()
    ));
    for (what, text) in [
        ("writing lines", repeater(1)),
        ("writing a file", repeater(4)),
    ] {
        stops_in_time(&format!("cancelled while {what}"), async || {
            let running = wasm.start(&wasm.spec(&text)).await;
            // By then it is in that call, and far from the end of it.
            tokio::time::sleep(Duration::from_millis(10)).await;
            let began = Instant::now();
            running.cancel.cancel();
            let end = soon(running.attempt).await.unwrap();
            assert!(matches!(end, Err(TaskError::Canceled)), "{end:?}");
            wasm.gone(&running.id, running.task, running.events).await;
            began.elapsed()
        })
        .await;
    }
}

#[tokio::test]
async fn a_guest_stops_when_its_attempt_is_dropped() {
    let wasm = Wasm::new();
    for (what, work) in [("computing", ENDLESS), ("sleeping", SLEEP)] {
        stops_in_time(&format!("dropped while {what}"), async || {
            let seen = wasm.host.metrics.all().len();
            let running = wasm.start(&wasm.spec(&worker(work))).await;
            let began = Instant::now();
            running.attempt.abort();
            assert!(soon(running.attempt).await.unwrap_err().is_cancelled());
            wasm.gone(&running.id, running.task, running.events).await;
            let took = began.elapsed();
            let recorded = wasm.recorded_since(seen).await;
            assert_eq!(recorded, [STARTED, completed(TaskOutcome::Canceled)]);
            took
        })
        .await;
    }
}

#[tokio::test]
async fn a_guest_stops_when_its_time_is_up_which_is_counted_as_a_timeout() {
    const TIMEOUT: Duration = Duration::from_millis(50);
    let wasm = Wasm::new();
    wasm.spec(&worker(ENDLESS));
    let limit = TIMEOUT.as_millis() as u64;
    let spec = spec_with(&wasm.file("program.wasm"), &[], TaskEnv::new(), limit);
    stops_in_time("timed out while computing", async || {
        let seen = wasm.host.metrics.all().len();
        let task = wasm.host.build(&spec);
        let id = TaskId::from(task.name());
        let events = wasm.host.registry.subscribe(&id).unwrap();
        tokio::time::timeout(TIMEOUT, task.spawn(CancellationToken::new()))
            .await
            .unwrap_err();
        let began = Instant::now();
        wasm.gone(&id, task, events).await;
        let took = began.elapsed();
        let recorded = wasm.recorded_since(seen).await;
        assert_eq!(recorded, [STARTED, completed(TaskOutcome::Timeout)]);
        took
    })
    .await;
}

#[tokio::test]
async fn an_endless_guest_holds_up_neither_the_host_nor_another_task() {
    let wasm = Wasm::new();
    let mut endless = Vec::new();
    // More than there are cores and workers.
    for _ in 0..4 {
        endless.push(wasm.start(&wasm.spec(&worker(ENDLESS))).await);
    }
    let (end, lines) = wasm.run(&greeter()).await;
    end.unwrap();
    assert_eq!(lines.len(), 5);
    for running in endless {
        running.cancel.cancel();
        let end = soon(running.attempt).await.unwrap();
        assert!(matches!(end, Err(TaskError::Canceled)), "{end:?}");
    }
}
