//! Tasks that somebody waits for one by one, and runners that come and go meanwhile.

use parking_lot::RwLock;
use tokio::time::timeout;

use super::*;

fn router(runner: &Arc<Scripted>) -> Arc<RunnerRouter> {
    let mut router = RunnerRouter::new();
    router.register(Arc::clone(runner) as _);
    Arc::new(router)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handle_tells_at_once_of_a_task_that_never_starts() {
    let (supervisor, ..) = supervised(SupervisorOptions::default());
    let mut nobodys = supervisor.start(spec("s", "nobody"));
    assert!(nobodys.is_over());
    assert!(nobodys.output().await.is_none());
    let end = nobodys.end().await;
    assert!(matches!(end.outcome, Outcome::NoRunner { .. }), "{end:?}");

    let held = supervisor.start(spec("s", "for ever"));
    let refused = admitted(spec("s", "ok"), AdmissionPolicy::DropIfRunning);
    let refused = supervisor.start(refused);
    assert!(refused.is_over() && !held.is_over());
    let end = refused.end().await;
    assert!(
        matches!(end.outcome, Outcome::NotAdmitted { .. }),
        "{end:?}"
    );
    assert!(held.cancel());
    let end = timeout(SOON, held.end()).await.unwrap();
    assert_eq!(end.outcome.to_string(), "cancelled: cancelled");
    assert!(end.plugins.is_empty(), "its runner is linked in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_whose_handle_is_dropped_ends_and_one_whose_output_nobody_wants_goes_on() {
    let (supervisor, heard, runner) = supervised(SupervisorOptions::default());
    let dropped = supervisor.start(spec("s", "for ever"));
    eventually("it runs", || runner.running.load(Ordering::SeqCst) == 1).await;
    drop(dropped);
    let end = supervisor.start(spec("t", "ok")).end();
    let end = timeout(SOON, end).await.unwrap();
    assert_eq!(end.outcome, Outcome::Succeeded);
    timeout(SOON, supervisor.idle()).await.unwrap();
    let outcomes = heard.outcomes();
    assert_eq!(outcomes, ["cancelled: cancelled", "succeeded"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_that_comes_while_a_supervisor_lives_gets_the_next_task() {
    let (first, second) = (Arc::new(Scripted::default()), Arc::new(Scripted::default()));
    let now = Arc::new(RwLock::new(Arc::new(RunnerRouter::new())));
    let seen = Arc::clone(&now);
    let runners = Runners::changing(move || Arc::clone(&seen.read()));
    let supervisor = Supervisor::new(runners);
    assert!(supervisor.start(spec("s", "ok")).is_over());
    *now.write() = router(&first);
    let held = supervisor.start(spec("s", "a while"));
    // This one waits for its slot, and is built when that is free.
    let next = supervisor.start(spec("s", "ok"));
    *now.write() = router(&second);
    for task in [held, next] {
        let end = timeout(SOON, task.end()).await.unwrap();
        assert_eq!(end.outcome, Outcome::Succeeded);
    }
    let begun = [first, second].map(|runner| runner.begun.lock().len());
    assert_eq!(begun.iter().sum::<usize>(), 2);
    assert_eq!(begun[1], 1 + usize::from(begun[0] == 0), "{begun:?}");
}
