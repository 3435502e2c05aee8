//! What is warned of, for people and for scripts.

use std::fs;

use serde_json::{Value, json};

use crate::{Ended, Place, command, end, solti_host};

/// The texts of the warnings on standard error.
fn printed(ended: &Ended) -> Vec<String> {
    let lines = ended.stderr.lines();
    lines
        .filter_map(|line| line.strip_prefix("warning: "))
        .map(str::to_owned)
        .collect()
}

#[test]
fn what_is_warned_of_is_in_the_json_of_each_command_that_has_some() {
    let place = Place::with(&["subprocess"]);
    e2e::install("subprocess", &place.plugins(), "zz");
    fs::write(place.plugins().join("zz.toml"), "name = \"other\"\n").unwrap();
    let specs = place.file("specs.json", json!([command("a", "true", &[])]));
    let options = [
        "--json",
        "--allow",
        "subprocess",
        "--allow",
        "sub",
        "--config",
        "nosuch.x=1",
    ];
    let shadowed = "zz.so: its runner 'subprocess' gets no task: subprocess.so stands before it and \
                    takes all subprocess tasks; give it a label of its own ([labels] in zz.toml) that \
                    a task's runnerSelector asks for, or a file name that comes first";
    // What the option is matched with is the name that the package has.
    let mistyped = |option: &str, name: &str, found: &str| {
        format!("{option} names a plugin '{name}', and none is called so (found: {found})")
    };
    let expected = [
        (
            "unused_option",
            Value::Null,
            json!("nosuch"),
            mistyped("--config", "nosuch", "other, subprocess"),
        ),
        (
            "unused_option",
            Value::Null,
            json!("sub"),
            mistyped("--allow", "sub", "subprocess"),
        ),
        (
            "shadowed_runner",
            json!("zz.so"),
            json!("other"),
            shadowed.to_owned(),
        ),
    ];
    let told: Vec<_> = expected
        .iter()
        .map(|(code, file, plugin, text)| {
            json!({ "code": code, "file": file, "plugin": plugin, "text": text })
        })
        .collect();
    let texts: Vec<_> = expected.iter().map(|it| it.3.clone()).collect();
    for command in [
        solti_host().arg("list").args(options).arg(place.plugins()),
        solti_host().arg("check").args(options).arg(place.plugins()),
        place.run(&["--check", &specs]).args(options),
        place.run(&[&specs]).args(options),
        place.exec(&options).args(["--", "true"]),
    ] {
        let shown = format!("{command:?}");
        let ended = end(command);
        let last = match ended.stdout.rfind("\n{") {
            Some(at) => &ended.stdout[at + 1..],
            None => &ended.stdout,
        };
        let object: Value = serde_json::from_str(last).unwrap();
        assert_eq!(object["warnings"], json!(told), "{shown}");
        assert_eq!(printed(&ended), texts, "{shown}");
        assert_eq!(ended.code, Some(0), "{shown}");
    }
}

#[test]
fn what_cannot_be_read_of_a_log_filter_is_named_and_the_rest_counts() {
    let place = Place::with(&["hello"]);
    let mut list = solti_host();
    list.args(["list", "--json"]).arg(place.plugins());
    let ended = end(list.env("RUST_LOG", "off,solti_plugin_host=loud"));
    let text = "RUST_LOG: \"solti_plugin_host=loud\" is ignored, expected a level such as info, or a \
                target and one, such as solti_plugin_host=debug";
    assert_eq!(ended.stderr, format!("warning: {text}\n"));
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let told = json!([{ "code": "log_filter", "file": null, "plugin": null, "text": text }]);
    assert_eq!(report["warnings"], told);
}

/// A file that is rejected and a plugin that is given no more tasks have fields of their own.
#[test]
fn what_has_a_field_of_its_own_is_not_repeated_among_the_warnings() {
    let place = Place::with(&["subprocess"]);
    fs::write(place.plugins().join("text.so"), "just a text\n").unwrap();
    let (_, summary) = place.run_json(&json!([command("a", "true", &[])]), &[]);
    assert_eq!(summary["warnings"], json!([]));
    assert_eq!(summary["plugins"]["rejected"][0]["file"], "text.so");
}

/// It is known before the run begins that most tasks have to wait.
#[test]
fn a_limit_that_keeps_tasks_waiting_is_in_the_summary() {
    let place = Place::with(&["subprocess"]);
    let specs: Vec<_> = (0..40)
        .map(|at| command(&format!("s{at}"), "true", &[]))
        .collect();
    let specs = place.file("specs.json", json!(specs));
    let run = place.run(&["--json", &specs]);
    let mut limited = std::process::Command::new("prlimit");
    limited.arg("--nofile=100").arg(run.get_program());
    let ended = end(limited.args(run.get_args()));
    let (_, summary) = crate::objects(&ended.stdout);
    let warnings = summary["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(
        (&warnings[0]["code"], &warnings[0]["plugin"]),
        (&json!("open_files"), &Value::Null)
    );
    assert_eq!(printed(&ended), [warnings[0]["text"].as_str().unwrap()]);
}
