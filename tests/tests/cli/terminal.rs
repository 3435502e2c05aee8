//! On a terminal.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::{Place, end};

/// What `exec` of this script prints where it is the foreground of a terminal, whose keys are `typed`.
fn on_a_terminal(script: &str, typed: &str) -> crate::Ended {
    let place = Place::with(&["subprocess"]);
    let exec = format!(
        "{} exec --plugins {} --timeout 20s -- sh -c '{script}'",
        e2e::solti_host().display(),
        place.plugins().display()
    );
    // `script` makes a terminal of its own, and is the reader and the keyboard.
    let pipeline =
        format!("(sleep 1; printf '{typed}'; sleep 1) | script -qec \"{exec}\" /dev/null");
    end(Command::new("bash")
        .args(["-c", &pipeline])
        .env_remove("RUST_LOG"))
}

#[test]
fn a_program_that_reaches_for_the_terminal_is_told_that_there_is_none_and_not_stopped() {
    let began = Instant::now();
    for script in [
        "read x </dev/tty || echo none",
        "stty -echo </dev/tty || echo none",
    ] {
        let ended = on_a_terminal(script, "");
        assert!(ended.stdout.contains("none\r\n"), "{ended:?}");
        assert!(ended.stdout.contains("exec: succeeded"), "{ended:?}");
    }
    assert!(began.elapsed() < Duration::from_secs(40));
}

#[test]
fn what_is_typed_still_reaches_the_command_and_ctrl_c_still_ends_it() {
    let ended = on_a_terminal("head -n 1 | tr a-z A-Z", "word\\n");
    assert!(ended.stdout.contains("WORD\r\n"), "{ended:?}");
    let ended = on_a_terminal("echo begun; sleep 60", "\\003");
    assert!(
        ended.stdout.contains("exec: cancelled: interrupted"),
        "{ended:?}"
    );
    // Nor does the key reach the guardian, whose end would be told.
    assert!(!ended.stdout.contains("guardian"), "{ended:?}");
}
