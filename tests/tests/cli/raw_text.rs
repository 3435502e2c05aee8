//! What files and plugins say does nothing to the terminal that it is shown on.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;

use serde_json::{Value, json};

use crate::{Place, command, end, solti_host};

/// A directory with `hello.so`, whose stamp was changed so that its compiler clears the screen.
fn with_a_stamp_that_clears_the_screen() -> Place {
    let place = Place::with(&["hello"]);
    let file = place.plugins().join("hello.so");
    let mut bytes = fs::read(&file).unwrap();
    // One character that begins a command to a terminal.
    let (from, to) = (b"rustc=rustc ", "rustc=\u{9b}2J  ".as_bytes());
    let at = bytes.windows(from.len()).position(|found| found == from);
    let at = at.expect("the stamp names the compiler");
    bytes[at..at + to.len()].copy_from_slice(to);
    fs::write(&file, bytes).unwrap();
    place
}

#[test]
fn a_stamp_that_would_act_on_a_terminal_is_refused_and_does_not_act_on_this_one() {
    let place = with_a_stamp_that_clears_the_screen();
    let ended = end(solti_host()
        .arg("inspect")
        .arg(place.plugins().join("hello.so")));
    let problem = "unreadable stamp: line 5 of the stamp has a control or invisible character: \
                   \"rustc=\\u{9b}2J ";
    assert!(ended.stdout.contains(problem), "{}", ended.stdout);
    assert!(!ended.stdout.contains('\u{9b}'), "{}", ended.stdout);
}

#[test]
fn inspect_escapes_names_and_where_links_lead() {
    let place = Place::with(&[]);
    let dangling = place.plugins().join(OsStr::from_bytes(b"a\xff.so"));
    symlink("b\n\x1b[31m.so", &dangling).unwrap();
    let inspect = |json: &[&str]| end(solti_host().arg("inspect").args(json).arg(&dangling));
    let path = format!("{}/a\\xff.so", place.plugins().display());
    let problem = "a link to b / \\u{1b}[31m.so, which is not there: point it to a file or \
                   remove it";
    assert_eq!(
        inspect(&[]).stdout,
        format!("{path}\n  problem    {problem}\n")
    );
    let all: Value = serde_json::from_str(&inspect(&["--json"]).stdout).unwrap();
    assert_eq!(all, json!([{ "path": path, "problems": [problem] }]));
}

#[test]
fn the_reason_of_a_failed_task_is_escaped_for_people_and_whole_for_machines() {
    let place = Place::with(&["specimen"]);
    let spec = |slot| command(slot, "fail-saying", &["\x1b[2J\x07\ntwo"]);
    let specs = place.file("specs.json", json!([spec("a")]));
    let reason = "\\u{1b}[2J\\u{7} / two";
    let ended = end(&mut place.run(&[&specs]));
    let note = format!("a · attempt 1 failed: {reason}\n");
    assert!(ended.stderr.contains(&note), "{}", ended.stderr);
    assert_eq!(ended.stderr.matches(reason).count(), 2, "{}", ended.stderr);
    let (_, summary) = place.run_json(&json!([spec("a")]), &[]);
    assert_eq!(summary["tasks"][0]["reason"], "\x1b[2J\x07\ntwo");

    let ended = end(&mut place.exec(&["--", "fail-saying", "\x1b[2J\ntwo"]));
    let line = "exec: failed: \\u{1b}[2J / two (";
    assert!(ended.stderr.starts_with(line), "{}", ended.stderr);
}

#[test]
fn a_message_that_quotes_a_path_is_escaped() {
    let ended = end(solti_host().args(["list", "/no/\x1b[2J\nsuch"]));
    assert_eq!(
        ended.stderr,
        "error: plugin directory /no/\\u{1b}[2J / such: cannot be read: No such file or directory (os \
         error 2); name the directory that holds the plugins\n"
    );
}

#[test]
fn the_log_of_a_refusal_stays_on_its_line() {
    let place = Place::with(&[]);
    symlink("b\n\x1b[31m.so", place.plugins().join("a.so")).unwrap();
    let ended = end(solti_host()
        .env("RUST_LOG", "solti_plugin_host::report=warn")
        .arg("list")
        .arg(place.plugins()));
    assert_eq!(
        ended.stderr,
        " WARN solti_plugin_host::report: a link to b / \\u{1b}[31m.so, which is not there: \
         point it to a file or remove it file=a.so stage=discover\n"
    );
}
