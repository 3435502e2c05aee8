//! The harness for authors on really loaded plugins: what it says of a runner it says of a library.

#![allow(clippy::unwrap_used, reason = "all of it is tests")]

use std::time::Duration;

use e2e::plugin;
use serde_json::json;
use solti_plugin_host::solti_model::StreamKind;
use solti_plugin_host::testing::{Loaded, harness};

use harness::{Case, Failure, Ran, Reader, command, run};

/// A shell, run by the plugin `subprocess`.
fn shell(script: &str) -> Case {
    command("sh", ["-c", script])
}

fn ran(case: Case) -> Ran {
    let plugin = Loaded::open(plugin("subprocess")).unwrap();
    run(&plugin, case).blocking()
}

#[test]
fn a_library_is_run_as_its_runner_is() {
    let plugin = Loaded::open(plugin("hello")).unwrap();
    assert_eq!(plugin.plugin().name(), "hello");
    let ran = run(&plugin, command("hello", ["Ada"])).paused();
    assert_eq!(
        (ran.stdout(), &ran.result),
        ("hello, Ada\n".into(), &Ok(())),
        "{ran:?}"
    );
    assert_eq!(ran.metrics.completed("success"), 1);
    assert!(ran.id.unwrap().starts_with("hello-test-"));
    let other = run(&plugin, command("other", [])).blocking();
    assert_eq!(other.reason(), "no runner takes this subprocess task");
}

#[test]
fn what_a_process_did_is_there_to_the_byte() {
    let ran = ran(shell("printf 'a\\r\\nb'; echo c >&2; cat; exit 3").stdin("d"));
    assert_eq!(ran.bytes(StreamKind::Stdout), b"a\r\nbd", "{ran:?}");
    assert_eq!(ran.stderr(), "c\n");
    assert_eq!(ran.exit_code(), Some(3));
    assert!(matches!(ran.result, Err(Failure::Failed { .. })));
}

#[test]
fn retries_deadline_and_cancellation_reach_the_other_side() {
    let retried = ran(shell("exit 1").retried().most_attempts(2));
    assert_eq!(retried.attempts.len(), 2, "{retried:?}");
    let limit = Duration::from_millis(100);
    let late = ran(shell("echo on; exec sleep 60").timeout(limit));
    assert_eq!(
        late.result,
        Err(Failure::TimedOut { after: limit }),
        "{late:?}"
    );
    let ended = ran(shell("echo on; exec sleep 60").cancel_after_line("on"));
    assert_eq!(ended.result, Err(Failure::Canceled), "{ended:?}");
}

#[test]
fn a_slow_reader_has_a_process_wait() {
    let reader = Reader::Slow {
        each: Duration::from_millis(1),
        room: 1,
    };
    let ran = ran(shell("seq 20000").reader(reader));
    assert_eq!(ran.lines.len(), 20_000, "{:?}", ran.result);
    assert!(ran.waits > 0);
}

#[test]
fn a_configuration_that_is_wrong_is_refused_in_the_words_of_the_host() {
    let wrong = Loaded::open_with(plugin("subprocess"), json!({ "stop_grace": 1 })).unwrap_err();
    assert!(
        format!("{wrong:?}").contains("config.stop_grace"),
        "{wrong:?}"
    );
    let none = Loaded::open_with(plugin("hello"), json!([])).unwrap_err();
    assert!(none.to_string().contains("found []"), "{none}");
}
