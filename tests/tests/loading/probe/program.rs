//! Programs that probe, and some that do not.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use solti_plugin_host::probe::ProbeOutcome;
use solti_plugin_host::{PluginLoader, RunnerRouter};

use super::place::Place;
use crate::support;

#[test]
fn a_helper_that_is_no_probe_is_an_error_and_no_pass() {
    let directory = support::directory_with(&["hello"]);
    for (program, expected) in [
        (
            "/bin/true",
            "the probe program /bin/true did not answer: name a program whose main begins with \
             solti_plugin_host::probe_main() (PluginLoader::probe_with)",
        ),
        (
            "/bin/echo",
            "the probe program /bin/echo did not answer: name a program whose main begins with \
             solti_plugin_host::probe_main() (PluginLoader::probe_with)",
        ),
        (
            "/no/such/program",
            "the probe program /no/such/program cannot be run: \
             No such file or directory (os error 2); name a program that can be run \
             (PluginLoader::probe_with)",
        ),
    ] {
        // A limit of its own: with that of another test, what that has found would be remembered.
        let loader = PluginLoader::new()
            .probe_with(program)
            .probe_time(Duration::from_secs(9));
        let report = loader
            .load_dir(directory.path(), &mut RunnerRouter::new())
            .unwrap();
        assert!(report.loaded().is_empty(), "{report}");
        assert_eq!(report.rejected()[0].error.to_string(), expected);
    }
}

#[test]
fn a_probe_that_is_not_up_in_time_is_not_taken_for_a_program_that_is_none() {
    let directory = support::directory_with(&["hello"]);
    let loader = PluginLoader::new()
        .probe_with(e2e::solti_host())
        .probe_time(Duration::from_micros(10));
    let report = loader.check(directory.path()).unwrap();
    assert_eq!(
        report.rejected()[0].error.to_string(),
        format!(
            "the probe program {} did not answer within 10µs: name a program whose main begins \
             with solti_plugin_host::probe_main(), or allow the probe more time \
             (PluginLoader::probe_time)",
            e2e::solti_host().display()
        )
    );
}

#[test]
fn a_configuration_of_any_size_reaches_the_probe() {
    let directory = support::directory_with(&["specimen"]);
    let long = "x".repeat(4 << 20);
    let report = PluginLoader::new()
        .probe_with(e2e::solti_host())
        .config("specimen", json!({ "limit": long }))
        .unwrap()
        .check(directory.path())
        .unwrap();
    let reason = report.rejected()[0].error.to_string();
    let begins = "config.limit: unknown field, expected ";
    assert!(reason.starts_with(begins), "{reason}");
}

#[test]
fn a_probe_program_that_takes_no_request_does_not_hold_the_host_up() {
    let directory = support::directory_with(&["specimen"]);
    let program = directory.path().join("program");
    // Written by another process: while this one has it open for writing, nobody can run it.
    let script = format!(
        "printf '#!/bin/sh\\nexec sleep 100\\n' > {0} && chmod 755 {0}",
        program.display()
    );
    let written = Command::new("sh").args(["-c", &script]).status();
    assert!(written.unwrap().success());
    let began = Instant::now();
    for limit in [Duration::ZERO, Duration::from_millis(300)] {
        let report = PluginLoader::new()
            .probe_with(&program)
            .probe_time(limit)
            .config("specimen", json!({ "limit": "x".repeat(4 << 20) }))
            .unwrap()
            .check(directory.path())
            .unwrap();
        assert_eq!(
            report.rejected()[0].error.to_string(),
            format!(
                "the probe program {} did not answer within {limit:?}: name a program whose main \
                 begins with solti_plugin_host::probe_main(), or allow the probe more time \
                 (PluginLoader::probe_time)",
                program.display()
            )
        );
    }
    assert!(began.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_limit_that_no_clock_can_tell_is_none() {
    let directory = support::directory_with(&["hello"]);
    let report = PluginLoader::new()
        .probe_with(e2e::solti_host())
        .probe_time(Duration::MAX)
        .check(directory.path())
        .unwrap();
    assert!(matches!(
        report.passed()[0].probe,
        ProbeOutcome::Passed { .. }
    ));
}

#[test]
fn a_staging_directory_whose_name_is_no_text_is_one_like_any_other() {
    let place = Place::new();
    let copies = place.path().join(OsStr::from_bytes(b"st\xff"));
    fs::create_dir(&copies).unwrap();
    // A limit of its own: what another test has found out would be remembered.
    let loader = PluginLoader::new()
        .probe_with(e2e::solti_host())
        .probe_time(Duration::from_secs(11))
        .stage_in(&copies);
    let report = loader.check(place.path()).unwrap();
    assert!(matches!(
        report.passed()[0].probe,
        ProbeOutcome::Passed { .. }
    ));
}

#[test]
fn a_library_user_can_name_a_helper_and_can_switch_the_probe_off() {
    let directory = support::directory_with(&["hello"]);
    let probe = |loader: PluginLoader| {
        let mut router = RunnerRouter::new();
        let report = loader.load_dir(directory.path(), &mut router).unwrap();
        report.loaded()[0].probe.clone()
    };
    let with_helper = PluginLoader::new().probe_with(e2e::solti_host());
    assert!(matches!(
        probe(with_helper.clone()),
        ProbeOutcome::Passed { .. }
    ));
    let reason = "switched off";
    assert_eq!(
        probe(with_helper.without_probe()),
        ProbeOutcome::NotProbed { reason }
    );
}
