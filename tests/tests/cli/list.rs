//! `solti-host list`.

use std::fs;

use serde_json::{Value, json};

use crate::{Place, end, solti_host};

/// A directory with one of everything.
fn one_of_everything() -> Place {
    let place = Place::with(&["hello"]);
    let plugins = place.plugins();
    let plugin = fs::read(e2e::plugin("hello")).unwrap();
    fs::write(plugins.join("hello.toml"), "[labels]\nzone = \"eu\"\n").unwrap();
    fs::write(plugins.join("off.so"), &plugin).unwrap();
    fs::write(plugins.join("off.toml"), "enabled = false\n").unwrap();
    fs::write(plugins.join("later.so"), of_another_abi(&plugin)).unwrap();
    fs::write(plugins.join("text.so"), "just a text\n").unwrap();
    fs::copy(a_library(), plugins.join("library.so")).unwrap();
    fs::write(plugins.join("README"), "left alone").unwrap();
    place
}

/// The plugin as if it had been built for version 9 of the ABI.
fn of_another_abi(plugin: &[u8]) -> Vec<u8> {
    let mut bytes = plugin.to_vec();
    let mut patched = 0;
    for at in 0..bytes.len() - 6 {
        if &bytes[at..at + 6] == b"abi=1\n" {
            bytes[at + 4] = b'9';
            patched += 1;
        }
    }
    assert!(patched > 0, "the stamp has the version of the ABI");
    bytes
}

/// A shared library that is no plugin: the C library of this process.
fn a_library() -> String {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let line = maps.lines().find(|line| line.contains("/libc.so")).unwrap();
    line[line.find('/').unwrap()..].to_owned()
}

const NO_STAMP: &str = "not a solti plugin: it has no stamp; build it with export_plugin! \
                        or move it out of the plugin directory";
const LATER_ABI: &str = "built for plugin ABI 9, but this host has 1: use a newer host";
const TEXT: &str = "not a shared library: it begins with \"just a text\\n\"; \
                    move it out of the plugin directory";

#[test]
fn no_container_engine_is_asked_or_missed_where_no_task_uses_one() {
    use std::os::unix::fs::PermissionsExt as _;

    let place = Place::with(&["subprocess", "container"]);
    let bin = place.directory.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    for engine in [true, false] {
        let (podman, asked) = (bin.join("podman"), place.directory.path().join("asked"));
        if engine {
            let script = format!("#!/bin/sh\necho x >{}\nexit 1\n", asked.display());
            std::fs::write(&podman, script).unwrap();
            std::fs::set_permissions(&podman, std::fs::Permissions::from_mode(0o755)).unwrap();
        } else {
            std::fs::remove_file(&podman).unwrap();
        }
        let mut list = solti_host();
        list.arg("list").arg(place.plugins());
        for command in [&mut list, &mut place.exec(&["--", "/bin/true"])] {
            let ended = end(command.env("PATH", &bin));
            assert!(!ended.stderr.contains("engine"), "{}", ended.stderr);
            assert_eq!(ended.code, Some(0), "{ended:?}");
        }
        assert!(!asked.exists());
    }
}

#[test]
fn what_loads_is_listed_and_what_is_rejected_or_skipped_says_why() {
    let place = one_of_everything();
    let ended = end(solti_host().arg("list").arg("--json").arg(place.plugins()));
    let report = e2e::unmeasured(serde_json::from_str(&ended.stdout).unwrap());
    let directory = place.plugins().canonicalize().unwrap();
    let path = |name: &str| directory.join(name);
    assert_eq!(
        report,
        json!({
            "loaded": [{
                "file": "hello.so", "path": path("hello.so"), "plugin": "hello", "version": "0.1.0", "abi": 1,
                "runners": [{ "name": "hello", "kinds": ["subprocess"], "labels": { "zone": "eu" } }],
            }],
            "rejected": [
                { "file": "later.so", "path": path("later.so"), "stage": "inspect", "code": "wrong_abi", "reason": LATER_ABI,
                  "advice": "use a newer host" },
                { "file": "library.so", "path": path("library.so"), "stage": "inspect", "code": "no_stamp", "reason": NO_STAMP,
                  "advice": "build it with export_plugin! or move it out of the plugin directory" },
                { "file": "text.so", "path": path("text.so"), "stage": "inspect", "code": "not_a_library", "reason": TEXT,
                  "advice": "move it out of the plugin directory" },
            ],
            "skipped": [{ "file": "off.so", "path": path("off.so"), "reason": "disabled in off.toml: set enabled = true there to load it",
                          "advice": "set enabled = true there to load it" }],
            "warnings": [],
        })
    );
    assert_eq!((ended.stderr.as_str(), ended.code), ("", Some(1)));
}

#[test]
fn the_tables_for_people_say_the_same() {
    let place = one_of_everything();
    let ended = end(solti_host().arg("list").arg(place.plugins()));
    let cells: Vec<Vec<_>> = ended
        .stdout
        .lines()
        .map(|line| {
            line.split("  ")
                .map(str::trim)
                .filter(|cell| !cell.is_empty())
                .collect()
        })
        .collect();
    for row in [
        ["file", "plugin", "version", "runner", "kinds", "labels"].as_slice(),
        &[
            "hello.so",
            "hello",
            "0.1.0",
            "hello",
            "subprocess",
            "zone=eu",
        ],
        &["rejected", "stage", "reason"],
        &["later.so", "inspect", LATER_ABI],
        &["library.so", "inspect", NO_STAMP],
        &["text.so", "inspect", TEXT],
        &["skipped", "reason"],
        &[
            "off.so",
            "disabled in off.toml: set enabled = true there to load it",
        ],
    ] {
        assert!(
            cells.iter().any(|cells| cells == row),
            "{row:?} in {}",
            ended.stdout
        );
    }
    assert_eq!((ended.stderr.as_str(), ended.code), ("", Some(1)));
}

#[test]
fn a_run_warns_once_of_each_rejected_file_and_goes_on() {
    let place = one_of_everything();
    let ended = end(&mut place.exec(&["--", "hello", "you"]));
    assert_eq!(ended.stdout, "hello, you\n");
    let warnings: Vec<_> = ended.stderr.lines().take(3).collect();
    assert_eq!(
        warnings,
        [
            format!("warning: later.so: rejected at inspect: {LATER_ABI}"),
            format!("warning: library.so: rejected at inspect: {NO_STAMP}"),
            format!("warning: text.so: rejected at inspect: {TEXT}"),
        ]
    );
    assert!(
        ended
            .stderr
            .lines()
            .nth(3)
            .unwrap()
            .starts_with("exec: succeeded (")
    );
    assert_eq!(ended.code, Some(0));
}

#[test]
fn plugins_stand_in_routing_order_and_nothing_wrong_is_exit_code_0() {
    let place = Place::with(&["subprocess", "hello"]);
    let ended = end(solti_host()
        .env("SOLTI_PLUGINS", place.plugins())
        .args(["list", "--json"]));
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let files: Vec<_> = report["loaded"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| &l["file"])
        .collect();
    assert_eq!(files, ["hello.so", "subprocess.so"]);
    assert_eq!(ended.code, Some(0));
}

#[test]
fn a_plugin_that_is_not_allowed_is_skipped() {
    let place = Place::with(&["subprocess", "hello"]);
    let ended = end(solti_host()
        .args(["list", "--json", "--allow", "hello"])
        .arg(place.plugins()));
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let path = place.plugins().canonicalize().unwrap();
    let path = path.join("subprocess.so");
    assert_eq!(
        report["skipped"],
        json!([{ "file": "subprocess.so", "path": path,
                 "reason": "plugin 'subprocess' is not in the host's allow-list: add its name to \
                            load it (--allow)",
                 "advice": "add its name to load it (--allow)" }])
    );
    assert_eq!(ended.code, Some(0));
}

#[test]
fn an_empty_directory_is_said_to_be_empty_and_what_belongs_there() {
    let place = Place::with(&[]);
    let ended = end(solti_host().arg("list").arg(place.plugins()));
    assert_eq!(
        ended.stdout,
        format!(
            "0 plugin files in {0}: 0 loaded, 0 rejected, 0 skipped\n\
             put plugins into {0}: files whose names end in .so\n",
            place.plugins().display()
        )
    );
    assert_eq!(ended.code, Some(0));
}

/// Both take every task of the kind; the first in the order of names gets them all.
#[test]
fn a_plugin_that_gets_no_task_because_of_another_is_told_with_what_to_do() {
    let place = Place::with(&["subprocess"]);
    e2e::install("subprocess", &place.plugins(), "zz");
    let sidecar = place.plugins().join("zz.toml");
    fs::write(&sidecar, "name = \"other\"\n").unwrap();
    let warning = "warning: zz.so: its runner 'subprocess' gets no task: subprocess.so stands before it \
                   and takes all subprocess tasks; give it a label of its own ([labels] in zz.toml) that \
                   a task's runnerSelector asks for, or a file name that comes first\n";
    for command in [
        solti_host().arg("list").arg(place.plugins()),
        solti_host().arg("check").arg(place.plugins()),
        &mut place.exec(&["--quiet", "--", "true"]),
    ] {
        let ended = end(command);
        assert_eq!((&*ended.stderr, ended.code), (warning, Some(0)));
    }
    // With a label of its own a selector finds it.
    fs::write(&sidecar, "name = \"other\"\n[labels]\nzone = \"eu\"\n").unwrap();
    let ended = end(&mut place.exec(&["--quiet", "--label", "zone=eu", "--", "true"]));
    assert_eq!((&*ended.stderr, ended.code), ("", Some(0)));
}

#[test]
fn a_runner_that_may_leave_tasks_to_the_next_hides_nobody() {
    let place = Place::with(&["hello", "subprocess"]);
    let ended = end(solti_host().arg("list").arg(place.plugins()));
    assert_eq!((&*ended.stderr, ended.code), ("", Some(0)));
}

/// As Kubernetes mounts a ConfigMap or a Secret: each file is a link through `..data`.
#[test]
fn what_a_volume_keeps_its_files_in_is_no_plugin_to_be_renamed() {
    let place = Place::with(&[]);
    let plugins = place.plugins();
    let dated = plugins.join("..2026_11_25_10_00_00.123456789");
    fs::create_dir(&dated).unwrap();
    e2e::install("hello", &dated, "hello");
    std::os::unix::fs::symlink(dated.file_name().unwrap(), plugins.join("..data")).unwrap();
    std::os::unix::fs::symlink("..data/hello.so", plugins.join("hello.so")).unwrap();
    let ended = end(solti_host().args(["list", "--json"]).arg(&plugins));
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(report["loaded"][0]["file"], "hello.so");
    assert_eq!(report["skipped"], json!([]));
    assert_eq!((&*ended.stderr, ended.code), ("", Some(0)));
}

#[test]
fn a_mistyped_name_in_an_option_is_told_with_the_names_that_there_are() {
    let place = Place::with(&["hello"]);
    let list = |words: &[&str]| {
        let ended = end(solti_host().arg("list").args(words).arg(place.plugins()));
        ended.stderr
    };
    assert_eq!(
        list(&["--allow", "hello", "--allow", "helo"]),
        "warning: --allow names a plugin 'helo', and none is called so (found: hello)\n"
    );
    assert_eq!(
        list(&["--allow", "helo"]),
        "warning: --allow names a plugin 'helo', and none is called so (found: hello)\n"
    );
    assert_eq!(
        list(&["--config", "helo.x=1"]),
        "warning: --config names a plugin 'helo', and none is called so (found: hello)\n"
    );
    fs::write(place.plugins().join("text.so"), "just a text\n").unwrap();
    assert_eq!(
        list(&["--allow", "hello", "--config", "other.x=1"]),
        "warning: --config names a plugin 'other', and none is called so (found: hello; one file was \
         refused)\n"
    );
}

/// Its name is known, and what is wrong with it is told: nothing else is.
#[test]
fn a_plugin_that_refuses_its_configuration_is_not_said_to_be_missing() {
    let place = Place::with(&["subprocess"]);
    let ended = end(solti_host()
        .args(["list", "--config", "subprocess.no_such_field=1"])
        .arg(place.plugins()));
    assert_eq!(ended.stderr, "");
    assert!(ended.stdout.contains("no_such_field"), "{}", ended.stdout);
    assert_eq!(ended.code, Some(1));
}

#[test]
fn a_plugin_that_gets_no_directory_of_its_own_is_warned_of() {
    let place = Place::with(&["hello"]);
    let state = place.directory.path().join("state");
    fs::create_dir(&state).unwrap();
    fs::write(state.join("plugins"), "in the way").unwrap();
    let ended = end(solti_host()
        .args(["list", "--json", "--state"])
        .arg(&state)
        .arg(place.plugins()));
    let begins = format!(
        "plugin 'hello' is given no directory of its own in {}: ",
        state.display()
    );
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let warning = &report["warnings"][0];
    let text = warning["text"].as_str().unwrap();
    assert!(text.starts_with(&begins), "{text}");
    assert_eq!(
        (&warning["code"], &warning["file"], &warning["plugin"]),
        (
            &json!("no_state_directory"),
            &json!("hello.so"),
            &json!("hello")
        )
    );
    assert_eq!(ended.stderr, format!("warning: {text}\n"));
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert_eq!(ended.code, Some(0));
}
