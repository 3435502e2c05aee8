//! `solti-host new`: what it writes is built, tested and run, and a mistake makes nothing.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::{Place, end, shown, solti_host};

/// The variants: the name, and what else is said.
const VARIANTS: &[(&str, &[&str])] = &[
    ("new-command", &[]),
    ("new_blocking", &["--blocking"]),
    ("new-module", &["--kind", "wasm"]),
    ("new-box", &["--kind", "container", "--blocking"]),
    ("new-own", &["--kind", "example.com/v1/Greeting"]),
];

/// `solti-host new` in this directory, with the SDK of this workspace.
fn new(directory: &Path, words: &[&str]) -> Command {
    let mut command = solti_host();
    command.current_dir(directory).arg("new").args(words);
    command.arg("--sdk").arg(e2e::workspace());
    command
}

/// A cargo like that of a user, which builds where this workspace does.
fn cargo(directory: &Path, words: &[&str]) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    cargo.current_dir(directory).args(words);
    cargo.env("CARGO_TARGET_DIR", e2e::target_dir());
    cargo
}

#[test]
fn what_is_made_is_built_and_tested_as_it_stands_and_runs_its_tasks() {
    let place = Place::with(&[]);
    let directory = place.directory.path();
    for (name, words) in VARIANTS {
        let ended = end(&mut new(directory, &[&[*name], *words].concat()));
        assert_eq!(ended.code, Some(0), "{ended:?}");
        // One workspace of all, so that what they have in common is built once.
        let manifest = directory.join(name).join("Cargo.toml");
        let text = fs::read_to_string(&manifest).unwrap();
        let (own, _) = text.split_once("\n# A workspace of its own").unwrap();
        let (own, _) = own.split_once("\n# What is shipped").unwrap();
        fs::write(&manifest, own).unwrap();
    }
    let members: Vec<_> = VARIANTS.iter().map(|(name, _)| name).collect();
    let profile = "[profile.dev]\nopt-level = 1\ndebug = \"line-tables-only\"\n";
    let workspace = format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n{profile}");
    place.file("Cargo.toml", workspace);
    // The versions that are there already.
    fs::copy(
        e2e::workspace().join("Cargo.lock"),
        directory.join("Cargo.lock"),
    )
    .unwrap();
    let formatted = cargo(directory, &["fmt", "--all", "--check"])
        .output()
        .unwrap();
    assert!(
        formatted.status.success(),
        "{}",
        String::from_utf8_lossy(&formatted.stdout)
    );
    let tested = cargo(directory, &["test", "--workspace", "--no-fail-fast"])
        .output()
        .unwrap();
    let (stdout, stderr) = (
        String::from_utf8_lossy(&tested.stdout),
        String::from_utf8_lossy(&tested.stderr),
    );
    assert!(tested.status.success(), "{stdout}{stderr}");
    assert_eq!(
        stdout.matches("ok. 3 passed").count(),
        VARIANTS.len(),
        "{stdout}"
    );
    assert!(!stderr.contains("warning: unused"), "{stderr}");
    // The tests have built the libraries; an operator would put them into a directory, with their
    // sidecars.
    for (name, _) in VARIANTS {
        let library = format!("lib{}.{}", name.replace('-', "_"), e2e::PLUGIN_SUFFIX);
        let made = e2e::target_dir().join("debug").join(library);
        let file = place
            .plugins()
            .join(format!("{name}.{}", e2e::PLUGIN_SUFFIX));
        fs::copy(made, file).unwrap();
        let sidecar = format!("{name}.toml");
        fs::copy(
            directory.join(name).join(&sidecar),
            place.plugins().join(sidecar),
        )
        .unwrap();
    }
    // With its `conform.json` all that a greeter can be tried for is tried.
    for (name, _) in VARIANTS {
        let file = place
            .plugins()
            .join(format!("{name}.{}", e2e::PLUGIN_SUFFIX));
        let mut conform = solti_host();
        conform.args(["conform", "--json", "--tasks"]);
        conform.arg(directory.join(name).join("conform.json"));
        let ended = end(conform.arg(file));
        let report: Value = serde_json::from_str(&ended.stdout).unwrap();
        let rules = report["rules"].as_array().unwrap().iter();
        let others = rules.filter(|rule| rule["verdict"] != "passed");
        let others: Vec<_> = others.map(|rule| &rule["rule"]).collect();
        assert_eq!(
            others,
            ["text-as-written", "pressure-respected", "panics-contained"],
            "{name}: {report}"
        );
        assert_eq!((ended.code, &report["failed"]), (Some(0), &0.into()));
    }
    for (name, _) in VARIANTS {
        // The runners of one kind that take everything are in the order of their names.
        let tasks = shown(directory.join(name).join("tasks.json"));
        let ended = end(&mut place.run(&["--quiet", &tasks]));
        let lines = format!("{name} │ hello, Ada\n{name} │ hello, Grace\n");
        let ascii = lines.replace('│', "|");
        assert!(ended.stdout == lines || ended.stdout == ascii, "{ended:?}");
        assert_eq!(ended.code, Some(0));
    }
}

#[test]
fn what_was_made_is_told_and_it_is_whole() {
    let place = Place::with(&[]);
    let ended = end(&mut new(
        place.directory.path(),
        &["deep/down/it-is", "--json"],
    ));
    let made: Value = serde_json::from_str(&ended.stdout).unwrap();
    let directory = place.directory.path().join("deep/down/it-is");
    assert_eq!(made["name"], "it-is");
    assert_eq!(made["kind"], "subprocess");
    let files = made["files"].as_array().unwrap();
    for file in files {
        let text = fs::read_to_string(directory.join(file.as_str().unwrap())).unwrap();
        assert!(
            !text.contains("{{") && !text.contains("}}"),
            "{file}: {text}"
        );
    }
    for file in [
        "LICENSE",
        ".gitignore",
        ".github/workflows/ci.yml",
        "it-is.toml",
        "tasks.json",
        "conform.json",
    ] {
        assert!(files.contains(&file.into()), "{file}");
    }
    // It is a workspace of its own, wherever it is made, and has what it is shipped by.
    let manifest = fs::read_to_string(directory.join("Cargo.toml")).unwrap();
    assert!(manifest.contains("[profile.dist]") && manifest.ends_with("[workspace]\n"));
    assert_eq!(
        fs::read_dir(directory.parent().unwrap()).unwrap().count(),
        1
    );
}

#[test]
fn the_sdk_is_where_it_was_said_to_be() {
    let place = Place::with(&[]);
    let directory = place.directory.path();
    let dependency = |name: &str, words: &[&str]| {
        let mut command = solti_host();
        end(command
            .current_dir(directory)
            .args(["new", name])
            .args(words));
        let manifest = fs::read_to_string(directory.join(name).join("Cargo.toml")).unwrap();
        let line = manifest
            .lines()
            .find(|line| line.starts_with("solti-plugin-abi"));
        line.unwrap().to_owned()
    };
    assert_eq!(
        dependency("by-git", &["--git", "https://host/path"]),
        "solti-plugin-abi = { git = \"https://host/path\", default-features = false }"
    );
    assert_eq!(
        dependency("by-version", &["--published"]),
        "solti-plugin-abi = { version = \"0.1\", default-features = false }"
    );
    // This program stands in a checkout.
    let abi = e2e::workspace().canonicalize().unwrap().join("plugin-abi");
    assert_eq!(
        dependency("by-default", &[]),
        format!(
            "solti-plugin-abi = {{ path = \"{}\", default-features = false }}",
            abi.display()
        )
    );
}

#[test]
fn a_mistake_makes_nothing_and_says_what_to_do() {
    let place = Place::with(&[]);
    let directory = place.directory.path();
    place.file("file", "");
    fs::create_dir(directory.join("full")).unwrap();
    place.file("full/a", "");
    place.file("full/b", "");
    let before = fs::read_dir(directory).unwrap().count();
    for (words, error) in [
        (
            &["full"][..],
            "full: the directory is not empty: it has a and 1 other; choose another name, or empty it",
        ),
        (
            &["file"],
            "file: that is no directory; choose another name, or move it",
        ),
        (
            &["1st"],
            "'1st' is no name of a crate: it begins with '1', and a crate's begins with a letter; such \
             as 'my-plugin'",
        ),
        (
            &["good", "--git", "a b"],
            "--git \"a b\": that is no address that Cargo.toml can hold; give one such as \
             https://host/path",
        ),
        (
            &["good", "--sdk", "full"],
            "--sdk full: no SDK is there: there is no plugin-abi/Cargo.toml in it; name a checkout of \
             the plugin host",
        ),
    ] {
        let mut command = solti_host();
        let ended = end(command.current_dir(directory).arg("new").args(words));
        assert_eq!(ended.stderr, format!("error: {error}\n"));
        assert_eq!((&*ended.stdout, ended.code), ("", Some(2)));
    }
    let ended = end(&mut new(directory, &["good", "--kind", "gpu"]));
    let error = "error: invalid value 'gpu' for '--kind <KIND>': expected subprocess, wasm, container, \
                 or a kind of your own as group/version/Kind, such as example.com/v1/Greeting\n";
    assert!(ended.stderr.starts_with(error), "{}", ended.stderr);
    assert_eq!(fs::read_dir(directory).unwrap().count(), before);
}
