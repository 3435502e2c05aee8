//! Tasks that are to end before they do.

use super::*;

fn impatient() -> SupervisorOptions {
    SupervisorOptions::default().with_grace(Duration::from_millis(100))
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_ends_what_runs_what_waits_and_what_comes() {
    let (supervisor, heard, _) = supervised(impatient().with_jobs(2));
    supervisor.submit(spec("a", "for ever"));
    supervisor.submit(spec("b", "stubborn"));
    supervisor.submit(spec("c", "true"));
    supervisor.submit(spec("a", "true"));
    eventually("two run", || supervisor.attempt(TaskNumber(1)).is_some()).await;
    supervisor.stop().await;
    supervisor.submit(spec("d", "true"));
    let unstarted = "cancelled: interrupted before it started";
    assert_eq!(
        heard.outcomes(),
        [
            "cancelled: interrupted",
            "cancelled: interrupted; abandoned, as it did not end within 100ms",
            unstarted,
            unstarted,
            unstarted,
        ]
    );
}

/// A runner that is linked in can block the thread it is called on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_blocks_a_worker_does_not_keep_the_supervisor_from_stopping() {
    struct Blocks;
    impl Runner for Blocks {
        fn name(&self) -> &'static str {
            "blocks"
        }
        fn supports(&self, _: &TaskSpec) -> bool {
            true
        }
        fn build_task(&self, spec: &TaskSpec, ctx: &BuildContext) -> Result<TaskRef, RunnerError> {
            Ok(attempts(self, spec, ctx, |_| async {
                std::thread::sleep(Duration::from_secs(3));
                Ok(())
            }))
        }
    }
    let heard = Heard::default();
    let mut router = RunnerRouter::new();
    router.register(Arc::new(Blocks));
    let supervisor = Supervisor::with(router, impatient(), heard.clone());
    supervisor.submit(spec("a", "true"));
    eventually("it runs", || {
        heard.attempts.lock().is_empty() && supervisor.tasks() == 1
    })
    .await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    supervisor.stop().await;
    assert_eq!(heard.outcomes(), ["cancelled: abandoned before it ended"]);
    eventually("its end is late", || !heard.attempts.lock().is_empty()).await;
    assert_eq!(heard.outcomes().len(), 1, "and not told again");
}

#[tokio::test]
async fn a_task_that_nobody_waits_for_any_more_is_cancelled() {
    let (supervisor, heard, _) = supervised(SupervisorOptions::default());
    let read = async |mut output: TaskOutput| {
        while output.next().await.is_some() {}
        Ok::<_, ()>(())
    };
    let waiting = supervisor.run(spec("a", "for ever"), read);
    let end = tokio::time::timeout(Duration::from_millis(50), waiting).await;
    assert!(end.is_err());
    supervisor.idle().await;
    assert_eq!(heard.outcomes(), ["cancelled: cancelled"]);
}

#[tokio::test]
async fn a_reader_that_fails_cancels_its_task() {
    let (supervisor, heard, _) = supervised(SupervisorOptions::default());
    let end = supervisor
        .run(spec("a", "for ever"), async |_| Err("the disk is full"))
        .await;
    assert_eq!(end.unwrap_err(), "the disk is full");
    supervisor.idle().await;
    assert_eq!(heard.outcomes(), ["cancelled: cancelled"]);
}

#[tokio::test]
async fn all_that_a_task_writes_is_read_before_its_run_is_over() {
    let (supervisor, _, _) = supervised(SupervisorOptions::default());
    let mut written = Vec::new();
    let on_failure = again(spec("a", "third time"), RestartPolicy::OnFailure, 1);
    let end = supervisor
        .run(on_failure, async |output| {
            output.write_to(&mut written, std::io::sink()).await
        })
        .await
        .unwrap();
    assert_eq!(
        String::from_utf8(written).unwrap(),
        "third time\n".repeat(3)
    );
    assert_eq!(end.attempts, 3);
    assert!(end.result().is_ok());
}
