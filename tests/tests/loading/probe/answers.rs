//! What a plugin, or the system, says in a probe that goes through.

use std::fs;

use serde_json::json;
use solti_plugin_host::PluginLoader;

use super::place::Place;
use crate::support;

#[test]
fn a_plugin_that_calls_itself_otherwise_than_its_stamp_is_rejected() {
    let place = Place::new();
    let good = fs::read(e2e::plugin("hostile")).unwrap();
    for (name, from, to) in [
        ("a", "\nplugin=hostile\n", "\nplugin=another\n"),
        ("b", "\nversion=0.1.0\n", "\nversion=0.1.1\n"),
        ("c", "\nrunner=hostile\n", "\nrunner=another\n"),
    ] {
        let bytes = support::replaced(&good, from.as_bytes(), to.as_bytes());
        fs::write(place.path().join(format!("{name}.so")), bytes).unwrap();
    }
    let run = place.list(&[]);
    run.assert_hello_loaded();
    assert_eq!(
        run.reasons(),
        [
            "its stamp says name \"another\", the plugin itself says \"hostile\": build it again",
            "its stamp says version \"0.1.1\", the plugin itself says \"0.1.0\": build it again",
            "its stamp says runners \"another\", the plugin itself says \"hostile\": build it again",
        ]
    );
}

#[test]
fn what_a_constructor_says_of_its_configuration_is_passed_on() {
    let place = Place(support::directory_with(&["hello", "specimen"]));
    let run = place.list(&["--config", "specimen.fail=\"no licence\""]);
    run.assert_hello_loaded();
    assert_eq!(
        run.reasons(),
        ["no licence: correct its configuration, or provide what it says is missing"]
    );
    let run = place.list(&["--config", "specimen.panic=true"]);
    let reason = &run.reasons()[0];
    let begins = "plugin 'specimen' panicked while it was constructed: \
                  the constructor was told to panic (at ";
    assert!(reason.starts_with(begins), "{reason}");
}

#[test]
fn a_reason_of_any_length_is_not_taken_for_a_write_into_the_answers() {
    let directory = support::directory_with(&["specimen"]);
    let long = format!("no licence: {}: ask for one", "x".repeat(2 << 20));
    let report = PluginLoader::new()
        .probe_with(e2e::solti_host())
        .config("specimen", json!({ "fail": long }))
        .unwrap()
        .check(directory.path())
        .unwrap();
    let reason = report.rejected()[0].error.to_string();
    assert!(reason.len() < 5000, "{}", reason.len());
    assert!(reason.starts_with("no licence: xxx"), "{reason}");
    assert!(reason.contains("xxx: ask for one; correct its"), "{reason}");
}

#[test]
fn a_plugin_knows_that_it_is_only_tried_out() {
    let place = Place(support::directory_with(&["hello", "specimen"]));
    let config = "specimen.fail_in_probe=true";
    let run = place.list(&["--config", config]);
    run.assert_hello_loaded();
    assert_eq!(
        run.reasons(),
        ["told to fail in a probe: correct its configuration, or provide what it says is missing"]
    );
    let run = place.list(&["--config", config, "--no-probe"]);
    assert_eq!(run.reasons(), [""; 0]);
}

#[test]
fn what_the_systems_loader_says_in_a_probe_has_its_own_code_and_advice() {
    let place = Place::new();
    let good = fs::read(e2e::plugin("hello")).unwrap();
    let magic = b"abi stable library for Rust";
    for (name, from, to) in [
        ("a", &b"\0eventfd\0"[..], &b"\0eventfx\0"[..]),
        ("b", &magic[..], &b"abi stable library for Dust"[..]),
    ] {
        let bytes = support::replaced(&good, from, to);
        fs::write(place.path().join(format!("{name}.so")), bytes).unwrap();
    }
    let run = place.list(&[]);
    run.assert_hello_loaded();
    let rejected = run.report["rejected"].as_array().unwrap();
    // Symbols are resolved before anything runs: a missing one would else end a task and its host.
    assert_eq!(rejected[0]["code"], "refused_by_system");
    let reason = rejected[0]["reason"].as_str().unwrap();
    let begins = "the system cannot load it: undefined symbol: eventfx";
    let ends = "; link the library that has the symbol into the plugin";
    assert!(
        reason.starts_with(begins) && reason.ends_with(ends),
        "{reason}"
    );
    assert_eq!(
        rejected[0]["advice"],
        "link the library that has the symbol into the plugin"
    );
    assert_eq!(rejected[1]["code"], "bad_root_module");
    let reason = rejected[1]["reason"].as_str().unwrap();
    let begins = "its root module cannot be used: ";
    assert!(reason.starts_with(begins), "{reason}");
    assert_eq!(rejected.len(), 2);
}
