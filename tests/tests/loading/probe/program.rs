//! Programs that probe, and some that do not.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::time::Duration;

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
            "the probe program /no/such/program could not be run: \
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
            "the probe program {} did not answer within 10µs: name a program whose main begins with \
             solti_plugin_host::probe_main(), or allow the probe more time \
             (PluginLoader::probe_time)",
            e2e::solti_host().display()
        )
    );
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
