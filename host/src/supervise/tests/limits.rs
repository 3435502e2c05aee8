//! How much runs at the same time, and in which order.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn no_more_tasks_run_than_there_are_jobs() {
    let (supervisor, heard, runner) = supervised(SupervisorOptions::default().with_jobs(3));
    for task in 0..60 {
        supervisor.submit(spec(&format!("slot-{task}"), "a while"));
    }
    supervisor.idle().await;
    assert_eq!(heard.outcomes().len(), 60);
    assert_eq!(runner.most.load(Ordering::SeqCst), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_begin_in_the_order_in_which_they_came() {
    let (supervisor, _, runner) = supervised(SupervisorOptions::default().with_jobs(1));
    let slots: Vec<_> = (0..200).map(|task| format!("slot-{task}")).collect();
    for slot in &slots {
        supervisor.submit(spec(slot, "true"));
    }
    supervisor.idle().await;
    assert_eq!(*runner.begun.lock(), slots);
}

/// One that is tried again once an hour would keep everything else from running.
#[tokio::test]
async fn a_task_that_waits_for_its_next_attempt_leaves_its_place_to_others() {
    let (supervisor, heard, _) = supervised(SupervisorOptions::default().with_jobs(1));
    let an_hour = 3_600_000;
    let waits = again(spec("a", "fail"), RestartPolicy::OnFailure, an_hour);
    let waits = supervisor.submit(waits);
    let soon = again(spec("b", "third time"), RestartPolicy::OnFailure, 1);
    supervisor.submit(soon);
    supervisor.submit(spec("c", "true"));
    eventually("the others end", || heard.ends.lock().len() == 2).await;
    assert!(supervisor.cancel(waits));
    supervisor.idle().await;
    assert!(!supervisor.cancel(waits), "it is over");
    assert_eq!(
        heard.outcomes(),
        [
            "cancelled: cancelled after an attempt that failed: it failed",
            "succeeded",
            "succeeded",
        ]
    );
}

/// Each keeps its bytes until they are read.
#[tokio::test]
async fn outputs_that_nobody_reads_hold_back_further_tasks_until_they_are_dropped() {
    let heard = Heard {
        keeps_outputs: true,
        ..Heard::default()
    };
    let options = SupervisorOptions::default().with_jobs(1);
    let (supervisor, heard, _) = supervised_by(options, heard);
    for task in 0..40 {
        supervisor.submit(spec(&format!("slot-{task}"), "true"));
    }
    eventually("sixteen end", || heard.ends.lock().len() == 16).await;
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert_eq!(heard.ends.lock().len(), 16);
    heard.outputs.lock().pop();
    eventually("one more ends", || heard.ends.lock().len() == 17).await;
    while supervisor.tasks() > 0 {
        let outputs = std::mem::take(&mut *heard.outputs.lock());
        drop(outputs);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(heard.outcomes().len(), 40);
}
