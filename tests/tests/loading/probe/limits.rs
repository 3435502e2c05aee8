//! Plugins that need more than a probe may use, and what a probe may use.

use std::fs;
use std::process::Command;

use solti_plugin_host::PluginLoader;

use super::place::Place;
use crate::support;

#[test]
fn a_plugin_that_never_finishes_is_rejected_at_the_limit() {
    for harm in ["sleep", "spin", "root-hang", "leave-group"] {
        assert_eq!(
            Place::rejected(harm),
            "loading it took more than 2.5s: install a fixed version of the plugin, or allow the \
             probe more time (--probe-time)",
            "{harm}"
        );
    }
}

#[test]
fn a_plugin_that_eats_memory_is_rejected_at_the_limit() {
    assert_eq!(
        Place::rejected("memory"),
        "loading it took more than 2048 MiB of memory: install a fixed version of the plugin, or \
         allow the probe more memory (--probe-memory)"
    );
}

#[test]
fn a_plugin_that_does_not_fit_into_the_limit_is_told_of_the_limit() {
    let directory = support::directory_with(&["hello"]);
    let loader = PluginLoader::new()
        .probe_with(e2e::solti_host())
        .probe_memory(1 << 20);
    let report = loader.check(directory.path()).unwrap();
    assert_eq!(
        report.rejected()[0].error.to_string(),
        "loading it took more than 1 MiB of memory: install a fixed version of the plugin, or \
         allow the probe more memory (PluginLoader::probe_memory)"
    );
}

#[test]
fn a_probe_gets_limits_of_its_own_and_of_the_environment_what_it_is_to_have() {
    let place = Place::new();
    let file = place.path().join("report");
    let place = place.with("a-hostile", &format!("report:{}", file.display()));
    let mut host = Command::new(e2e::solti_host());
    host.args([
        "check",
        "--json",
        "--probe-time",
        "7s",
        "--probe-memory",
        "1500",
        "--probe-env",
        "PASSED",
        "--probe-env",
        "NOT_SET",
    ])
    .arg(place.path())
    .env("PASSED", "on")
    .env("TOKEN", "secret")
    .env("LD_BIND_NOW", "1");
    let output = host.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report = fs::read_to_string(file).unwrap();
    let limit = |name: &str| {
        let line = report.lines().find(|line| line.starts_with(name)).unwrap();
        let values = line[name.len()..].split_whitespace().take(2);
        values.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(limit("Max cpu time"), "7 8");
    assert_eq!(limit("Max core file size"), "0 0");
    assert_eq!(limit("Max address space"), "1572864000 1572864000");
    // A plugin that opens many files is tried with as many as the host has.
    let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum;
    let most = most.map_or("unlimited".to_owned(), |most| most.to_string());
    assert_eq!(limit("Max open files"), format!("{most} {most}"));
    let (_, variables) = report.split_once("\n\n").unwrap();
    for name in ["PATH", "PASSED"] {
        assert!(variables.lines().any(|other| other == name), "{variables}");
    }
    for name in ["TOKEN", "LD_BIND_NOW", "CARGO", "NOT_SET"] {
        assert!(!variables.lines().any(|other| other == name), "{name}");
    }
}
