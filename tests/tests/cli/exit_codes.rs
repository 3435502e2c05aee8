//! The exit code tells a script whether there is a result, and whether it is good.

use std::fs::File;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::{Place, end, hello, solti_host};

/// What a command says on standard error, and its exit code, when the disk of its output is full.
fn end_on_a_full_disk(command: &mut Command) -> (String, Option<i32>) {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let child = command.stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    (stderr, output.status.code())
}

#[test]
fn help_is_a_success_and_a_wrong_argument_is_not() {
    for (arguments, code) in [
        (["--help"].as_slice(), 0),
        (&["--version"], 0),
        (&["help", "run"], 0),
        (&["run", "--help"], 0),
        (&[], 2),
        (&["--no-such-option"], 2),
        (&["no-such-command"], 2),
        (&["run", "--jobs", "many", "specs.json"], 2),
        (
            &["exec", "--plugins", "plugins", "--grace", "5", "--", "true"],
            2,
        ),
    ] {
        let ended = end(solti_host().args(arguments));
        assert_eq!(ended.code, Some(code), "{arguments:?}: {ended:?}");
        // Help that was asked for is the result; everything else is a message.
        assert_eq!(ended.stdout.is_empty(), code != 0, "{arguments:?}");
        assert_eq!(ended.stderr.is_empty(), code == 0, "{arguments:?}");
    }
}

#[test]
fn a_run_whose_output_cannot_be_written_fails_and_says_why() {
    let place = Place::with(&["hello"]);
    let no_space = "No space left on device (os error 28)\n";
    let specs = place.file("specs.json", hello("a", "b"));
    assert_eq!(
        end_on_a_full_disk(place.run(&["--json", &specs]).env("RUST_LOG", "off")),
        (format!("error: standard output: {no_space}"), Some(1))
    );
    // Here the summary is all that there is to write.
    let none = place.file("none.json", json!([]));
    assert_eq!(
        end_on_a_full_disk(&mut place.run(&["--json", &none])),
        (
            format!("error: the summary cannot be printed: {no_space}"),
            Some(1)
        )
    );
}

#[test]
fn a_list_that_cannot_be_printed_is_no_result() {
    let place = Place::with(&["hello"]);
    assert_eq!(
        end_on_a_full_disk(solti_host().arg("list").arg(place.plugins())),
        (
            "error: standard output: No space left on device (os error 28)\n".to_owned(),
            Some(2)
        )
    );
}
