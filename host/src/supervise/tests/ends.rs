//! Each task ends once, with what became of it.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn every_task_ends_once_whatever_becomes_of_it() {
    let (supervisor, heard, _) = supervised(SupervisorOptions::default());
    let busy = admitted(spec("busy", "true"), AdmissionPolicy::DropIfRunning);
    for spec in [
        spec("a", "true"),
        spec("b", "fail"),
        spec("c", "fatal"),
        spec("d", "panic"),
        spec("e", "cancel itself"),
        spec_within("f", "for ever", 30),
        spec_within("g", "slow build", 30),
        spec("h", "unbuilt"),
        spec("i", "nobody"),
        spec("busy", "a while"),
        busy,
    ] {
        supervisor.submit(spec);
    }
    supervisor.idle().await;
    assert_eq!(
        heard.outcomes(),
        [
            "succeeded",
            "failed: it failed",
            "failed: it is over",
            "failed: its runner panicked",
            "cancelled: the task cancelled itself",
            "timed out after 30ms",
            "timed out after 30ms",
            "failed: invalid specification: no such thing",
            "failed: no runner for this subprocess task",
            "succeeded",
            "not admitted: slot 'busy' was busy (admission dropIfRunning)",
        ]
    );
    assert_eq!(supervisor.tasks(), 0);
    let attempts: Vec<_> = heard.ends.lock().iter().map(|end| end.attempts).collect();
    assert_eq!(attempts.iter().sum::<u32>(), 7, "{attempts:?}");
}

#[tokio::test]
async fn a_task_is_tried_again_as_its_spec_says_and_no_more_often_than_it_may() {
    let options = SupervisorOptions::default().with_retries(4);
    let (supervisor, heard, _) = supervised(options);
    let on_failure = RestartPolicy::OnFailure;
    supervisor.submit(again(spec("a", "third time"), on_failure, 1));
    supervisor.submit(again(spec("b", "fail"), on_failure, 1));
    supervisor.submit(again(spec("c", "fatal"), on_failure, 1));
    supervisor.submit(again(spec_within("d", "for ever", 5), on_failure, 1));
    supervisor.idle().await;
    assert_eq!(
        heard.outcomes(),
        [
            "succeeded",
            "failed: it failed",
            "failed: it is over",
            "timed out after 5ms",
        ]
    );
    let mut ends = heard.ends.lock().clone();
    ends.sort_by_key(|end| end.number);
    let attempts: Vec<_> = ends.iter().map(|end| end.attempts).collect();
    assert_eq!(attempts, [3, 5, 1, 5]);
    let of_a: Vec<_> = heard
        .attempts
        .lock()
        .iter()
        .filter(|it| it.0 == 0)
        .cloned()
        .collect();
    let not_yet = "failed: not yet".to_owned();
    let succeeded = "succeeded".to_owned();
    assert_eq!(
        of_a,
        [(0, 1, not_yet.clone()), (0, 2, not_yet), (0, 3, succeeded)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_task_is_lost_when_one_ends_in_the_moment_it_is_replaced() {
    let (supervisor, heard, runner) = supervised(SupervisorOptions::default());
    for round in 0..2_000 {
        let word = if round % 3 == 0 { "for ever" } else { "true" };
        supervisor.submit(admitted(spec("slot", word), AdmissionPolicy::Replace));
        if round % 7 == 0 {
            tokio::task::yield_now().await;
        }
    }
    supervisor.submit(admitted(spec("slot", "true"), AdmissionPolicy::Replace));
    supervisor.idle().await;
    let outcomes = heard.outcomes();
    assert_eq!(outcomes.len(), 2_001);
    assert_eq!(outcomes.last().unwrap(), "succeeded");
    let known = [
        "succeeded",
        "cancelled: replaced by a later task in its slot",
        "cancelled: replaced by a later task in its slot before it started",
    ];
    for outcome in &outcomes {
        assert!(known.contains(&outcome.as_str()), "{outcome}");
    }
    assert_eq!(runner.most.load(Ordering::SeqCst), 1, "one at a time");
}

#[tokio::test]
async fn a_task_that_was_replaced_before_its_attempt_counts_none() {
    let (supervisor, heard, _) = supervised(SupervisorOptions::default().with_jobs(1));
    supervisor.submit(spec("other", "a while"));
    let replace = |word| admitted(spec("slot", word), AdmissionPolicy::Replace);
    supervisor.submit(replace("for ever"));
    supervisor.submit(replace("true"));
    supervisor.idle().await;
    let replaced = "cancelled: replaced by a later task in its slot before it started";
    assert_eq!(heard.outcomes(), ["succeeded", replaced, "succeeded"]);
    let replaced = heard
        .ends
        .lock()
        .iter()
        .find(|end| end.number.get() == 1)
        .cloned();
    assert_eq!(replaced.unwrap().attempts, 0);
}

/// An observer that submits a task at the end of another would wait for itself.
#[tokio::test]
async fn who_hears_of_an_end_may_submit_and_cancel() {
    struct Chain(std::sync::OnceLock<Supervisor>, Arc<AtomicUsize>);
    impl Observer for &'static Chain {
        fn ended(&self, end: TaskEnd) {
            self.1.fetch_add(1, Ordering::SeqCst);
            let supervisor = self.0.get().unwrap();
            supervisor.cancel(end.number);
            if end.number.get() < 9 {
                supervisor.submit(spec("slot", "true"));
            }
        }
    }
    let chain: &'static Chain = Box::leak(Box::new(Chain(Default::default(), Arc::default())));
    let mut router = RunnerRouter::new();
    router.register(Arc::new(Scripted::default()));
    let supervisor = Supervisor::with(router, SupervisorOptions::default(), chain);
    assert!(chain.0.set(supervisor.clone()).is_ok());
    supervisor.submit(spec("slot", "true"));
    supervisor.idle().await;
    assert_eq!(chain.1.load(Ordering::SeqCst), 10);
}

#[tokio::test]
async fn a_task_that_was_done_in_time_has_not_timed_out_because_the_clock_stood_still() {
    let (supervisor, _, _) = supervised(SupervisorOptions::default());
    let running = supervisor.run(spec_within("slot", "a while", 100), async |_| {
        Ok::<_, ()>(())
    });
    let stopped = async {
        tokio::time::sleep(Duration::from_millis(5)).await;
        // As a host that is stopped and goes on: its only worker.
        std::thread::sleep(Duration::from_millis(500));
    };
    let (end, ()) = tokio::join!(running, stopped);
    assert_eq!(end.unwrap().outcome, Outcome::Succeeded);
}
