use std::time::Duration;

use serde_json::json;
use solti_model::{RestartPolicy, StreamKind};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::instruments::{Counter, Gauge};
use crate::prelude::*;

static DONE: Counter = Counter::new("done_total");
static LEVEL: Gauge = Gauge::new("level");

/// Does what the first word of its command says.
struct Actor;

impl Runner for Actor {
    fn name(&self) -> &'static str {
        "actor"
    }

    fn supports(&self, spec: &TaskSpec) -> bool {
        word(spec).is_some_and(|word| word != "other")
    }

    fn build_task(&self, spec: &TaskSpec, ctx: &BuildContext) -> Result<TaskRef, RunnerError> {
        let word = word(spec).expect("supports has looked");
        match &*word {
            "refuse" => {
                ctx.add_error_detail("field", "args[0]");
                return Err(RunnerError::InvalidSpec("no".into()));
            }
            "panic-build" => panic!("while building"),
            _ => {}
        }
        let env = ctx.env().get("ZONE").map(str::to_owned);
        Ok(attempts(self, spec, ctx, move |attempt| {
            act(word.clone(), env.clone(), attempt)
        }))
    }

    fn build_workload(&self, work: &Workload, ctx: &BuildContext) -> Result<TaskRef, RunnerError> {
        let told = work.spec["say"].to_string();
        let timeout = Duration::from_millis(work.timeout.as_millis());
        let kind = RunnerType::custom("actor");
        Ok(attempts_of(
            self,
            "slot",
            kind,
            timeout,
            ctx,
            move |attempt| {
                attempt.stdout(&told);
                async { Ok(()) }
            },
        ))
    }
}

fn word(spec: &TaskSpec) -> Option<String> {
    match spec.kind() {
        TaskKind::Subprocess(process) => match &process.mode {
            solti_model::SubprocessMode::Command { command, .. } => Some(command.clone()),
            _ => None,
        },
        _ => None,
    }
}

async fn act(word: String, env: Option<String>, attempt: Attempt) -> Result<(), TaskError> {
    let fail = |reason: &str| {
        Err(TaskError::Fail {
            reason: reason.to_owned(),
            exit_code: None,
        })
    };
    match &*word {
        "third-time" => {
            attempt.stderr(format!("try {}", attempt.number()));
            if attempt.number() < 3 {
                return fail("not yet");
            }
            Ok(())
        }
        "wait" => {
            attempt.stdout("ready");
            attempt.cancelled().await;
            attempt.stdout("bye");
            Err(TaskError::Canceled)
        }
        "deaf" => {
            attempt.stdout("ready");
            std::future::pending().await
        }
        "hour" => {
            let left = attempt.deadline().expect("it has one");
            tokio::time::sleep(Duration::from_secs(3600)).await;
            attempt.stdout(format!("{}", left > tokio::time::Instant::now().into_std()));
            Ok(())
        }
        "block" => {
            std::thread::sleep(Duration::from_millis(300));
            Ok(())
        }
        "panic" => panic!("on stage"),
        "exit" => attempt.end(AttemptOutcome::exited(3).with_detail("why", "told to")),
        "observe" => {
            tracing::info!(size = 3, "observing");
            tracing_log::log::warn!("an older way");
            DONE.add(2.0, &[("b", "2"), ("a", "1")]);
            LEVEL.set(9.0, &[]);
            LEVEL.set(7.0, &[]);
            let beside = tokio::spawn(async { tracing::debug!("beside") });
            let below = tokio::task::spawn_blocking(|| DONE.add(1.0, &[]));
            let _ = tokio::join!(beside, below);
            Ok(())
        }
        "flood" => {
            for number in 0..5 {
                if attempt.stdout(format!("{number}")).is_wait() {
                    attempt.output().ready().await;
                }
            }
            Ok(())
        }
        "cat" => {
            let stdin = std::fs::File::from(attempt.take_stdin().expect("it is given one"));
            let lines = attempt.lines(StreamKind::Stdout);
            let copied = lines.copy_from(tokio::fs::File::from_std(stdin)).await;
            copied.or_else(|err| fail(&err.to_string()))
        }
        "where" => {
            let traceparent = attempt.context()["traceparent"].to_string();
            attempt.stdout(format!("{env:?} {traceparent}"));
            Ok(())
        }
        other => fail(&format!("{other} is not known")),
    }
}

fn ran(case: Case) -> Ran {
    run(&Actor, case).blocking()
}

#[test]
fn attempts_are_made_until_the_policy_wants_no_more() {
    let ran = ran(command("third-time", []).retried());
    assert_eq!(ran.result, Ok(()), "{ran:?}");
    assert_eq!(ran.stderr(), "try 1\ntry 2\ntry 3\n");
    assert_eq!(ran.stdout(), "");
    let numbers: Vec<_> = ran.attempts.iter().map(|end| end.number).collect();
    assert_eq!(numbers, [1, 2, 3]);
    assert_eq!(
        ran.attempts[0].result.clone().unwrap_err().to_string(),
        "failed: not yet"
    );
    assert_eq!(
        (ran.metrics.started(), ran.metrics.completed("failure")),
        (3, 2)
    );
    let once = run(&Actor, command("third-time", [])).blocking();
    assert_eq!(once.reason(), "failed: not yet");
    assert_eq!(once.attempts.len(), 1);
}

#[test]
fn a_task_that_is_repeated_for_ever_ends_with_the_test() {
    let always = RestartPolicy::Always {
        interval_ms: Some(60_000),
    };
    let case = command("flood", []).restart(always).most_attempts(4);
    let ran = run(&Actor, case).paused();
    assert_eq!((ran.attempts.len(), ran.result), (4, Ok(())));
}

#[test]
fn a_line_cancels_at_once_and_what_comes_after_is_kept() {
    let ran = ran(command("wait", []).cancel_after_line("ready"));
    assert_eq!(ran.result, Err(Failure::Canceled), "{ran:?}");
    assert_eq!(ran.stdout(), "ready\nbye\n");
    let at = |wanted: &Event| ran.events.iter().position(|event| event == wanted);
    let (ready, cancelled) = (Event::Line(ran.lines[0].clone()), at(&Event::Cancelled));
    assert_eq!(cancelled, at(&ready).map(|at| at + 1));
    assert_eq!(ran.metrics.completed("canceled"), 1);
}

#[test]
fn one_that_does_not_hear_is_dropped_after_its_grace() {
    let grace = Duration::from_millis(50);
    let ran = ran(command("deaf", []).cancel_after_line("ready").grace(grace));
    assert_eq!(ran.result, Err(Failure::Abandoned { grace }), "{ran:?}");
    assert_eq!(ran.metrics.completed("canceled"), 1);
}

#[test]
fn on_a_clock_that_jumps_an_hour_takes_no_time_and_deadlines_hold() {
    let day = Duration::from_secs(24 * 3600);
    let began = std::time::Instant::now();
    let done = run(&Actor, command("hour", []).timeout(day)).paused();
    assert_eq!(
        (done.stdout(), done.result.clone()),
        ("true\n".into(), Ok(())),
        "{done:?}"
    );
    let half = Duration::from_secs(1800);
    let late = run(&Actor, command("hour", []).timeout(half)).paused();
    assert_eq!(late.result, Err(Failure::TimedOut { after: half }));
    assert_eq!(late.metrics.completed("timeout"), 1, "{late:?}");
    let cancelled = run(
        &Actor,
        command("wait", []).cancel_after(Duration::from_secs(5)),
    )
    .paused();
    assert_eq!(cancelled.result, Err(Failure::Canceled));
    assert!(began.elapsed() < Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn a_runtime_of_the_test_s_own_is_as_good() {
    let late = run(&Actor, command("hour", [])).await;
    assert!(
        matches!(late.result, Err(Failure::TimedOut { .. })),
        "{late:?}"
    );
    let heard = run(&Actor, command("observe", [])).await;
    assert!(heard.logged("observing"), "{heard:?}");
}

#[test]
fn one_that_never_awaits_is_told_from_one_that_ends() {
    let limit = Duration::from_millis(20);
    let ran = ran(command("block", []).timeout(limit));
    assert_eq!(
        ran.result,
        Err(Failure::TimedOut { after: limit }),
        "{ran:?}"
    );
}

#[test]
fn a_panic_is_an_end_of_the_attempt_and_not_of_the_test() {
    let attempt = ran(command("panic", []).retried());
    assert_eq!(attempt.reason(), "failed for good: panicked: on stage");
    assert_eq!(attempt.metrics.completed("failure"), 1, "{attempt:?}");
    let build = ran(command("panic-build", []));
    assert_eq!(
        build.reason(),
        "not built: internal error: runner 'actor' panicked: while building"
    );
}

#[test]
fn what_is_refused_says_why_and_where() {
    let refused = ran(command("refuse", []));
    let Err(Failure::NotBuilt { reason, details }) = &refused.result else {
        panic!("{refused:?}");
    };
    assert_eq!(reason, "invalid specification: no");
    assert_eq!(details["field"], "args[0]");
    assert_eq!(refused.id, None);
    let other = ran(command("other", []));
    assert_eq!(other.reason(), "no runner takes this subprocess task");
    assert_eq!(
        ran(wasm("a.wasm", [])).reason(),
        "no runner takes this wasm task"
    );
}

#[test]
fn exit_code_and_details_are_the_last_attempt_s() {
    let ran = ran(command("exit", []));
    assert_eq!(ran.exit_code(), Some(3));
    assert_eq!(ran.detail("why"), Some(&json!("told to")));
    assert_eq!(ran.reason(), "failed: exited with code 3");
}

#[test]
fn logs_and_measurements_are_the_test_s_own_on_whatever_thread() {
    let many: Vec<_> = (0..8)
        .map(|_| std::thread::spawn(|| ran(command("observe", []))))
        .collect();
    for ran in many.into_iter().map(|thread| thread.join().unwrap()) {
        let told: Vec<_> = ran.logs.iter().map(|log| &*log.message).collect();
        assert_eq!(told, ["observing", "an older way", "beside"], "{ran:?}");
        assert_eq!(ran.logs[0].fields["size"], 3);
        assert_eq!(ran.logs[1].level, tracing::Level::WARN);
        assert_eq!(ran.counter("done_total"), 3.0);
        let sample = ran.metrics.sample("done_total", &[("a", "1"), ("b", "2")]);
        assert_eq!(sample.map(|sample| sample.value), Some(2.0));
        assert_eq!(ran.metrics.instrument("level"), Some(7.0));
        assert_eq!(ran.counter("never_total"), 0.0);
    }
}

#[test]
fn a_held_reader_has_the_writer_wait_until_it_is_released() {
    let until = CancellationToken::new();
    let reader = Reader::Held {
        until: until.clone(),
        room: 4,
    };
    let case = command("flood", [])
        .reader(reader.clone())
        .timeout(Duration::from_millis(50));
    let stuck = ran(case);
    assert_eq!(stuck.stdout(), "0\n1\n2\n", "{stuck:?}");
    assert_eq!(stuck.waits, 1);
    // While the writer waits.
    let releasing = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        until.cancel();
    });
    let released = ran(command("flood", []).reader(reader));
    releasing.join().unwrap();
    assert_eq!(
        (released.lines.len(), &released.result),
        (5, &Ok(())),
        "{released:?}"
    );
}

#[test]
fn a_slow_reader_is_waited_for_and_gets_all_of_it() {
    let reader = Reader::Slow {
        each: Duration::from_secs(1),
        room: 2,
    };
    let ran = run(&Actor, command("flood", []).reader(reader)).paused();
    assert_eq!(ran.stdout(), "0\n1\n2\n3\n4\n", "{ran:?}");
    assert!(ran.waits >= 3, "{}", ran.waits);
}

#[test]
fn bytes_become_lines_wherever_they_are_split() {
    let text = "one\r\ntwo\n\nlast";
    let ran = ran(command("cat", []).stdin(text));
    assert_eq!(ran.stdout(), text, "{ran:?}");
    let lines: Vec<_> = ran.lines.iter().map(|line| &*line.text).collect();
    assert_eq!(lines, ["one", "two", "", "last"]);
}

#[test]
fn what_a_host_knows_reaches_the_build_and_the_attempt() {
    let case = command("where", [])
        .host_env("ZONE", "eu")
        .context("traceparent", "00-1");
    assert_eq!(ran(case).stdout(), "Some(\"eu\") \"00-1\"\n");
}

#[test]
fn a_kind_of_one_s_own_is_built_as_a_workload() {
    let ran = ran(workload("example.com/v1/Saying", json!({ "say": 5 })).label("a", "b"));
    assert_eq!(ran.stdout(), "5\n");
    assert_eq!(ran.metrics.started.get("actor"), Some(&1));
}

#[test]
#[should_panic(expected = "the spec of this test is none")]
fn a_spec_that_cannot_be_one_ends_the_test_with_its_reason() {
    let _ = ran(command("wait", []).slot(""));
}

#[test]
fn a_failed_assertion_shows_all_that_happened() {
    let ran = ran(command("wait", []).cancel_after_line("ready").slot("s"));
    let shown = format!("{ran:?}");
    let id = ran.id.unwrap();
    assert_eq!(
        shown,
        format!(
            "{id} cancelled\n  · built\n  · attempt 1 begins\n  │ ready\n  · cancelled by the test\n  \
             │ bye\n  · attempt 1 cancelled\n"
        )
    );
}
