//! What loading a directory says of each file, to the letter.

use std::fs;
use std::path::Path;

use e2e::PLUGIN_SUFFIX;
use serde_json::json;
use solti_plugin_host::{PluginLoader, RunnerRouter, load_dir};

use crate::support::{self, Host, command, texts};

/// Loads a directory and returns what it says of each file that is not loaded.
fn complaints(directory: &Path) -> Vec<String> {
    support::complaints(&PluginLoader::new(), directory)
}

/// Loads the specimen with this sidecar and returns what is said of it.
fn with_sidecar(text: &str) -> Vec<String> {
    let directory = support::directory_with(&["specimen"]);
    fs::write(directory.path().join("specimen.toml"), text).unwrap();
    complaints(directory.path())
}

#[test]
fn a_directory_that_is_missing_or_none_is_an_error_that_names_it() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing");
    let message = |path: &Path| {
        load_dir(path, &mut RunnerRouter::new())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        message(&missing),
        format!(
            "plugin directory {}: cannot be read: No such file or directory (os error 2); name \
             the directory that holds the plugins",
            missing.display()
        )
    );
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let file = fs::canonicalize(file).unwrap();
    assert_eq!(
        message(&file),
        format!(
            "plugin directory {}: not a directory; name the directory that holds the plugins",
            file.display()
        )
    );
}

#[test]
fn an_empty_directory_loads_nothing_and_is_no_error() {
    let directory = tempfile::tempdir().unwrap();
    let mut router = RunnerRouter::new();
    let report = load_dir(directory.path(), &mut router).unwrap();
    assert_eq!(report.to_string(), "0 loaded, 0 rejected, 0 skipped");
    assert!(router.is_empty());
}

#[test]
fn every_file_that_is_no_plugin_is_refused_in_one_line_and_the_good_ones_load() {
    let directory = support::directory_with(&["hello"]);
    let path = |name: &str| directory.path().join(name);
    let good = fs::read(e2e::plugin("hello")).unwrap();
    fs::write(path("a.so"), "#!/bin/sh\necho\n").unwrap();
    fs::write(path("b.so"), "").unwrap();
    fs::write(path("c.so"), &good[..100_000]).unwrap();
    fs::write(
        path("d.so"),
        support::replaced(&good, b"\nplugin=", b"\nplugim="),
    )
    .unwrap();
    fs::write(
        path("e.so"),
        support::replaced(&good, b"abi=1\n", b"abi=9\n"),
    )
    .unwrap();
    fs::write(
        path("f.so"),
        support::replaced(&good, b"panic=unwind\n", b"panic=aborts\n"),
    )
    .unwrap();
    fs::write(
        path("g.so"),
        support::replaced(&good, b"solti\0\0\0", b"other\0\0\0"),
    )
    .unwrap();
    let mut other_machine = good.clone();
    other_machine[18] = if cfg!(target_arch = "aarch64") {
        62
    } else {
        183
    };
    fs::write(path("h.so"), other_machine).unwrap();
    fs::create_dir(path("i.so")).unwrap();
    std::os::unix::fs::symlink("nowhere", path("j.so")).unwrap();
    std::os::unix::fs::symlink("hello.so", path("k.so")).unwrap();
    fs::write(path("notes.txt"), "not looked at").unwrap();

    let (machine, other) = if cfg!(target_arch = "aarch64") {
        ("aarch64", "x86_64")
    } else {
        ("x86_64", "aarch64")
    };
    let mut complaints = complaints(directory.path());
    // Where the file really ends depends on the build.
    let truncated = complaints.remove(2);
    assert!(
        truncated.starts_with(
            "c.so: rejected at inspect: truncated: the file has 100,000 bytes, \
             but its section header table ends at "
        ) && truncated.ends_with("; copy it again"),
        "{truncated}"
    );
    assert_eq!(
        complaints,
        [
            "a.so: rejected at inspect: not a shared library: it begins with \
             \"#!/bin/sh\\necho\\n\"; move it out of the plugin directory"
                .to_owned(),
            "b.so: rejected at inspect: not a shared library: the file is empty; \
             move it out of the plugin directory"
                .to_owned(),
            "d.so: rejected at inspect: unreadable stamp: the stamp has no 'plugin'; \
             build the plugin again"
                .to_owned(),
            "e.so: rejected at inspect: built for plugin ABI 9, but this host has 1: use a newer host"
                .to_owned(),
            "f.so: rejected at inspect: built with panic = \"abort\", so any panic in it would end \
             the host: build it with panic = \"unwind\""
                .to_owned(),
            "g.so: rejected at inspect: not a solti plugin: it has no stamp; build it with \
             export_plugin! or move it out of the plugin directory"
                .to_owned(),
            format!(
                "h.so: rejected at inspect: built for {other}, but this host is {machine}: \
                 build it for {machine}"
            ),
            "i.so: rejected at discover: a directory, expected a regular file: move it out of the \
             plugin directory"
                .to_owned(),
            "j.so: rejected at discover: a link to nowhere, which is not there: \
             point it to a file or remove it"
                .to_owned(),
            "k.so: skipped: the same file as hello.so".to_owned(),
        ]
    );
}

#[test]
fn a_library_that_is_no_plugin_is_never_run() {
    let directory = support::directory_with(&[]);
    // Any library of the system will do: it has code that would run when opened, and no stamp.
    let libc = fs::read_to_string("/proc/self/maps").unwrap();
    let libc = libc
        .lines()
        .filter_map(|line| line.split_whitespace().nth(5));
    let libc = libc
        .into_iter()
        .find(|path| path.contains("libc.so"))
        .unwrap();
    fs::copy(libc, directory.path().join("libc.so")).unwrap();
    assert_eq!(
        complaints(directory.path()),
        [
            "libc.so: rejected at inspect: not a solti plugin: it has no stamp; build it with \
          export_plugin! or move it out of the plugin directory"
        ]
    );
}

#[test]
fn a_sidecar_with_a_name_or_a_label_that_nobody_would_read_is_refused() {
    let long = "x".repeat(129);
    for (text, fact) in [
        (
            format!("name = \"{long}\"\n"),
            "its name has 129 bytes, expected 128 at most".to_owned(),
        ),
        (
            "[labels]\nzone = \"eu\\nfake\"\n".to_owned(),
            "its label \"zone\" is \"eu\\nfake\", expected a key and a value without control or invisible \
             characters"
                .to_owned(),
        ),
        (
            "[labels]\n\"a\\u001b[2J\" = \"eu\"\n".to_owned(),
            "its label \"a\\u{1b}[2J\" is \"eu\", expected a key and a value without control or invisible \
             characters"
                .to_owned(),
        ),
        (
            format!("[labels]\n{long} = \"eu\"\n"),
            "a label has a key of 129 and a value of 2 bytes, expected 128 and 4096 at most".to_owned(),
        ),
    ] {
        let expected = format!(
            "specimen.so: rejected at discover: its sidecar specimen.toml cannot be used: {fact}; correct \
             the sidecar"
        );
        assert_eq!(with_sidecar(&text), [expected]);
    }
}

#[test]
fn a_wrong_sidecar_names_the_key_and_the_line() {
    assert_eq!(
        with_sidecar("enabled = true\ncolour = 1\n"),
        [
            "specimen.so: rejected at discover: its sidecar specimen.toml, line 2, column 1 (colour = \
             1): colour: unknown field, expected enabled, name, labels or config; correct the sidecar"
        ]
    );
    assert_eq!(
        with_sidecar("[labels]\ntier = 3\n"),
        [
            "specimen.so: rejected at discover: its sidecar specimen.toml, line 2, column 8 (tier = 3): \
             labels.tier: expected a text in quotes, found 3; correct the sidecar"
        ]
    );
    for (name, fact) in [
        (
            "",
            "its name is empty, expected a text, or none for the name of the package",
        ),
        (
            "a\\u001b[31mb",
            "its name is \"a\\u{1b}[31mb\", expected a text without control characters",
        ),
    ] {
        assert_eq!(
            with_sidecar(&format!("name = \"{name}\"\n")),
            [format!(
                "specimen.so: rejected at discover: its sidecar specimen.toml cannot be used: {fact}; \
                 correct the sidecar"
            )]
        );
    }
    assert_eq!(
        with_sidecar("[config]\nsince = 2026-11-25\n"),
        [
            "specimen.so: rejected at discover: its sidecar specimen.toml, line 2, column 9 (since = \
             2026-11-25): config.since: 2026-11-25 is a date or a time, which a plugin cannot be given: write it in quotes; correct \
             the sidecar"
        ]
    );
    assert_eq!(
        with_sidecar("enabled = false\n"),
        ["specimen.so: skipped: disabled in specimen.toml: set enabled = true there to load it"]
    );
}

#[test]
fn a_wrong_configuration_names_the_field() {
    assert_eq!(
        with_sidecar("[config.limits]\nlines = \"many\"\n"),
        [
            "specimen.so: rejected at connect: config.limits.lines: expected a whole number from 0 \
             to 4294967295, found \"many\"; correct it in specimen.toml"
        ]
    );
    assert_eq!(
        with_sidecar("[config]\nfail = \"no licence\"\n"),
        [
            "specimen.so: rejected at connect: no licence: correct its configuration, or provide \
          what it says is missing"
        ]
    );
    let directory = support::directory_with(&["hello"]);
    fs::write(
        directory.path().join("hello.toml"),
        "[config]\nshell = \"sh\"\n",
    )
    .unwrap();
    assert_eq!(
        complaints(directory.path()),
        [
            "hello.so: rejected at connect: config.shell: this plugin takes no configuration; \
             correct it in hello.toml"
        ]
    );
}

#[tokio::test]
async fn the_operators_labels_and_configuration_win_over_the_hosts_and_those_over_the_plugins() {
    let directory = support::directory_with(&["specimen"]);
    fs::write(
        directory.path().join("specimen.toml"),
        "[labels]\nzone = \"sidecar\"\n[config.limits]\nlines = 5\n",
    )
    .unwrap();
    let loader = PluginLoader::new()
        .label("specimen", "zone", "host")
        .label("specimen", "tier", "host")
        .config(
            "specimen",
            json!({ "limits": { "lines": 3 }, "panic": false }),
        )
        .unwrap();
    let path = directory.path().canonicalize().unwrap();
    let path = path.join(format!("specimen.{PLUGIN_SUFFIX}"));
    let host = Host::load(directory, loader);
    let report = e2e::unmeasured(serde_json::to_value(&host.report).unwrap());
    let labels = json!({ "role": "specimen", "tier": "host", "zone": "sidecar" });
    assert_eq!(
        report,
        json!({
            "loaded": [{
                "file": format!("specimen.{PLUGIN_SUFFIX}"),
                "path": path,
                "plugin": "specimen",
                "version": env!("CARGO_PKG_VERSION"),
                "abi": 1,
                "runners": [{ "name": "chameleon", "kinds": ["subprocess"], "labels": labels }],
            }],
            "rejected": [],
            "skipped": [],
            "warnings": [],
        })
    );
    let (_, lines) = host.run(&command("s", "limit", &[])).await;
    assert_eq!(texts(&lines), ["5"]);
    assert!(host.router.contains_label("zone", "sidecar"));
    assert!(!host.router.contains_label("zone", "host"));
}

#[test]
fn only_allowed_plugins_are_loaded_whatever_a_sidecar_calls_them() {
    let directory = support::directory_with(&["hello", "specimen"]);
    let sidecar = directory.path().join("specimen.toml");
    fs::write(sidecar, "name = \"hello\"\n").unwrap();
    let host = Host::load(directory, PluginLoader::new().allow(["hello"]));
    assert_eq!(host.report.loaded().len(), 1);
    assert_eq!(
        host.report.skipped()[0].reason.to_string(),
        "plugin 'specimen' is not in the host's allow-list"
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_plugin_starts_no_thread_before_its_first_task() {
    const TEST: &str = "directory::a_plugin_starts_no_thread_before_its_first_task";
    if !support::alone(TEST, |_| {}) {
        return;
    }
    let host = Host::with(&["specimen"]);
    assert!(!support::has_a_worker());
    host.run(&command("s", "ready", &[])).await.0.unwrap();
    support::wait_for_a_worker();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_constructor_can_use_the_plugins_runtime() {
    const TEST: &str = "directory::a_constructor_can_use_the_plugins_runtime";
    if !support::alone(TEST, |_| {}) {
        return;
    }
    let loader = PluginLoader::new()
        .config("specimen", json!({ "spawn_in_constructor": true }))
        .unwrap();
    let host = Host::load(support::directory_with(&["specimen"]), loader);
    assert_eq!(host.report.loaded().len(), 1, "{}", host.report);
    support::wait_for_a_worker();
    host.run(&command("s", "ready", &[])).await.0.unwrap();
}

/// What a host has of descriptors may run out anywhere; whoever is the first to want one more is not
/// to blame.
#[cfg(target_os = "linux")]
#[test]
fn a_runtime_that_the_system_has_no_descriptors_for_is_an_error_of_the_task_and_no_panic() {
    let directory = support::directory_with(&["hello"]);
    let started = |files: u32| {
        let output = std::process::Command::new("sh")
            .args([
                "-c",
                "ulimit -n $0; exec \"$1\" exec --no-probe --plugins \"$2\" -- hello you",
            ])
            .arg(files.to_string())
            .arg(e2e::solti_host())
            .arg(directory.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!said.contains("plugin 'hello' panicked"), "{files}: {said}");
        (output.status.success(), said)
    };
    let all: Vec<_> = (8..40).map(started).collect();
    let failed = "internal error: the plugin's runtime could not be started: Too many open files \
                  (os error 24)";
    assert!(all.iter().any(|(_, said)| said.contains(failed)), "{all:?}");
    assert!(all.iter().any(|(ran, _)| *ran));
}
