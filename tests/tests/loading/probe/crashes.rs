//! Plugins that end the process they are loaded in.

use std::process::Command;

use super::place::{Place, SOON};

#[test]
fn a_plugin_that_ends_its_process_is_rejected_by_the_signal_or_exit_code() {
    let by_signal = |signal| {
        format!("the probe process was killed by {signal}: install a fixed version of the plugin")
    };
    let by_exit = "the probe process exited with code 0 without an answer: install a \
                   fixed version of the plugin";
    for (harm, expected) in [
        ("abort", by_signal("signal 6 (SIGABRT)")),
        ("segv", by_signal("signal 11 (SIGSEGV)")),
        ("term-group", by_signal("signal 15 (SIGTERM)")),
        (
            "kill",
            "the probe process was killed by signal 9 (SIGKILL): check the system's log for what \
             killed it; memory may have run out"
                .to_owned(),
        ),
        ("exit", by_exit.to_owned()),
        ("exit-now", by_exit.to_owned()),
        ("exec", by_exit.to_owned()),
        // Nothing of that runs while a library is loaded.
        ("in-drain:segv", by_signal("signal 11 (SIGSEGV)")),
        ("in-describe:exit", by_exit.to_owned()),
    ] {
        assert_eq!(Place::rejected(harm), expected, "{harm}");
    }
}

#[test]
fn a_panic_while_a_library_is_loaded_is_quoted() {
    for (harm, text) in [
        ("panic", "told to panic while it is loaded"),
        ("root-panic", "told to panic in the root module"),
    ] {
        let reason = Place::rejected(harm);
        let begins = "the probe process was killed by signal 6 (SIGABRT) after printing: thread '";
        assert!(reason.starts_with(begins), "{reason}");
        let ends = format!(": / {text}; install a fixed version of the plugin");
        assert!(reason.ends_with(&ends), "{reason}");
    }
}

#[test]
fn a_destructor_that_crashes_does_not_turn_the_hosts_success_into_a_death() {
    let place = Place::new().with("a-hostile", "destructor");
    let run = place.list(&[]);
    run.assert_hello_loaded();
    assert_eq!(run.report["loaded"].as_array().unwrap().len(), 2);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

#[test]
fn threads_talk_and_destructors_of_a_plugin_are_no_reason_to_reject_it() {
    for harm in ["none", "thread", "print", "destructor"] {
        Place::new()
            .with("a-hostile", harm)
            .check()
            .assert_all_passed();
    }
}

#[test]
fn without_a_probe_the_same_plugin_ends_the_host_but_not_as_a_success() {
    let place = Place::new().with("a-hostile", "exit");
    let mut host = Command::new(e2e::solti_host());
    host.args(["list", "--json", "--no-probe"])
        .arg(place.path());
    let output = assert_cmd::Command::from_std(host)
        .timeout(SOON)
        .output()
        .unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
}
