//! `solti-host exec`.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::json;

use crate::{Place, Running, end, objects};

#[test]
fn the_lines_of_a_command_come_out_as_they_are_each_stream_on_its_own() {
    let place = Place::with(&["subprocess"]);
    let ended = end(&mut place.exec(&["--", "sh", "-c", "echo out; echo '  err' >&2"]));
    assert_eq!(ended.stdout, "out\n");
    let (first, second) = ended.stderr.split_once('\n').unwrap();
    assert_eq!(first, "  err");
    assert!(
        second.starts_with("exec: succeeded (") && second.ends_with(", 2 lines)\n"),
        "{second}"
    );
    assert_eq!(ended.code, Some(0));
}

#[test]
fn a_command_that_fails_is_exit_code_1_with_its_own_in_the_message() {
    let place = Place::with(&["subprocess"]);
    let ended = end(&mut place.exec(&["--", "sh", "-c", "exit 7"]));
    assert!(
        ended
            .stderr
            .starts_with("exec: failed: process exited with non-zero code: 7 ("),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.code, Some(1));
}

#[test]
fn a_command_ends_at_its_timeout() {
    let place = Place::with(&["subprocess"]);
    let ended = end(&mut place.exec(&["--timeout", "300ms", "--", "sleep", "60"]));
    assert!(
        ended.stderr.starts_with("exec: timed out after 300ms ("),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.code, Some(1));
}

#[test]
fn an_argument_that_looks_like_an_option_belongs_to_the_command() {
    let place = Place::with(&["subprocess"]);
    let ended = end(&mut place.exec(&["--", "echo", "--json", "--", "-v"]));
    assert_eq!(ended.stdout, "--json -- -v\n");
}

#[test]
fn a_burst_of_a_million_lines_arrives_whole() {
    let place = Place::with(&["subprocess"]);
    let ended = end(&mut place.exec(&["--", "seq", "1000000"]));
    let mut expected = 0;
    for line in ended.stdout.lines() {
        expected += 1;
        assert_eq!(line.parse(), Ok(expected));
    }
    assert_eq!(expected, 1_000_000);
    assert!(
        ended.stderr.ends_with(", 1,000,000 lines)\n"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_burst_of_a_million_lines_arrives_whole_as_json() {
    let place = Place::with(&["subprocess"]);
    let ended = end(&mut place.exec(&["--json", "--", "seq", "1000000"]));
    let (events, summary) = objects(&ended.stdout);
    let mut lines = 0;
    for event in events.iter().filter(|event| event["type"] == "chunk") {
        assert_eq!(event["seq"], lines);
        lines += 1;
        assert_eq!(event["line"], lines.to_string());
    }
    assert_eq!(lines, 1_000_000);
    assert_eq!(summary["skipped"], 0);
}

#[test]
fn a_reader_that_goes_away_ends_the_command_quietly() {
    let place = Place::with(&["subprocess"]);
    let mut child = place
        .exec(&["--", "yes"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "y\n");
    drop(stdout);
    let running = Running {
        stdin: None,
        child,
        lines: std::sync::mpsc::channel().1,
    };
    assert_eq!(running.end(), (Some(1), String::new()));
}

#[test]
fn a_plugin_takes_its_configuration_from_the_command_line() {
    let place = Place::with(&["subprocess"]);
    let words = ["--config", "subprocess.no_such_field=1", "--", "true"];
    let ended = end(&mut place.exec(&words));
    let warning = "warning: subprocess.so: rejected at probe: ";
    assert!(ended.stderr.starts_with(warning), "{}", ended.stderr);
    assert!(ended.stderr.contains("no_such_field"), "{}", ended.stderr);
    assert_eq!(ended.code, Some(1));
}

#[test]
fn what_a_plugin_logs_goes_to_standard_error_when_it_is_asked_for() {
    let place = Place::with(&["subprocess"]);
    let quiet = end(&mut place.exec(&["--", "echo", "x"]));
    assert_eq!(quiet.stderr.lines().count(), 1, "{}", quiet.stderr);
    let told = end(place
        .exec(&["--", "echo", "x"])
        .env("RUST_LOG", "solti_plugin_host=debug"));
    assert!(told.stderr.contains("built a task"), "{}", told.stderr);
    assert_eq!(told.stdout, "x\n");
    assert_eq!(json!(told.code), 0);
}
