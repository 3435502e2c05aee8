//! Bad input gets a clear error and loses nothing.

use std::fs;

use serde_json::{Value, json};

use crate::{Ended, Place, command, end, end_with_input, hello, shown, solti_host, with};

/// A place with the plugin that greets, and what `run` says about one spec file there.
fn run_file(content: &str) -> (String, Ended) {
    let place = Place::with(&["hello"]);
    let file = place.file("specs.json", content);
    let ended = end(&mut place.run(&[&file]));
    (file, ended)
}

/// The reason in the summary of the only task.
fn reason_of(place: &Place, spec: Value) -> String {
    let (_, summary) = place.run_json(&json!([spec]), &[]);
    assert_eq!(summary["tasks"][0]["outcome"], "failure");
    summary["tasks"][0]["reason"].as_str().unwrap().to_owned()
}

#[test]
fn a_missing_directory_is_named_by_every_command() {
    for (words, code) in [
        (["run", "--plugins", "/no/such", "specs.json"].as_slice(), 2),
        (&["exec", "--plugins", "/no/such", "--", "true"], 125),
        (&["list", "/no/such"], 2),
    ] {
        let place = Place::with(&[]);
        place.file("specs.json", hello("a", "b"));
        let ended = end(solti_host().args(words).current_dir(place.directory.path()));
        assert_eq!(
            ended.stderr,
            "error: plugin directory /no/such: cannot be read: No such file or directory (os error \
             2); name the directory that holds the plugins\n"
        );
        assert_eq!((ended.stdout.as_str(), ended.code), ("", Some(code)));
    }
}

#[test]
fn a_mistyped_path_of_a_public_key_is_not_called_a_bad_key_alone() {
    let place = Place::with(&[]);
    let plugins = shown(place.plugins());
    let ended = end(solti_host().args(["list", "--public-key", "nope.pub", &plugins]));
    assert_eq!(
        ended.stderr,
        "error: public key nope.pub (no such file): not a minisign public key: expected the \
         content of a .pub file or its second line\n"
    );
    assert_eq!(ended.code, Some(2));
}

#[test]
fn a_file_in_place_of_the_directory_is_named() {
    let place = Place::with(&[]);
    let file = place.file("file", "");
    let ended = end(solti_host().args(["list", &file]));
    assert_eq!(
        ended.stderr,
        format!(
            "error: plugin directory {}: not a directory; name the directory that holds the plugins\n",
            shown(fs::canonicalize(&file).unwrap())
        )
    );
    assert_eq!(ended.code, Some(2));
}

#[test]
fn an_empty_directory_has_no_runner_and_says_where_to_put_one() {
    let place = Place::with(&[]);
    assert_eq!(
        reason_of(&place, hello("a", "b")),
        format!(
            "no runner for subprocess tasks: no plugin was loaded from {}; \
             put one there that takes them",
            shown(place.plugins())
        )
    );
}

/// What is there and was left out is told, not that there is nothing.
#[test]
fn plugins_that_were_left_out_are_named_where_a_runner_is_missed() {
    let place = Place::with(&["hello"]);
    let plugins = place.plugins();
    fs::write(plugins.join("text.so"), "just a text\n").unwrap();
    fs::write(plugins.join("off.so"), "").unwrap();
    fs::write(plugins.join("off.toml"), "enabled = false\n").unwrap();
    fs::write(plugins.join(".new.so"), "").unwrap();
    let exec = |words: &[&str]| {
        let ended = end(place.exec(words).args(["--", "true"]));
        let last = ended.stderr.lines().last().unwrap().to_owned();
        assert_eq!(ended.code, Some(125), "{last}");
        last
    };
    let others = "off.so: disabled by its sidecar, .new.so: left alone for its name";
    assert_eq!(
        exec(&["--allow", "wasm"]),
        format!(
            "exec: failed: no runner for subprocess tasks: no plugin was loaded from {} (text.so: \
             rejected, hello.so: not named by --allow, {others})",
            shown(&plugins)
        )
    );
    let wasm = json!({ "slot": "w", "timeout": 1000, "kind": { "wasm": { "module": "x" } } });
    assert_eq!(
        reason_of(&place, wasm),
        format!(
            "no runner for wasm tasks: the plugins loaded from {} take subprocess tasks (not loaded: \
             text.so: rejected, {others})",
            shown(&plugins)
        )
    );
}

#[test]
fn a_task_without_a_runner_is_shown_at_once_and_in_the_summary() {
    let place = Place::with(&[]);
    let ended = end(&mut place.exec(&["--", "true"]));
    assert_eq!(
        ended.stderr,
        format!(
            "exec: failed: no runner for subprocess tasks: no plugin was loaded from {}; \
             put one there that takes them\n",
            shown(place.plugins())
        )
    );
    assert_eq!(ended.code, Some(125));
}

#[test]
fn a_kind_nobody_takes_is_told_apart_from_the_kinds_that_are_taken() {
    let place = Place::with(&["hello"]);
    let spec = json!({ "slot": "w", "timeout": 1000, "kind": { "wasm": { "module": "x" } } });
    assert_eq!(
        reason_of(&place, spec),
        format!(
            "no runner for wasm tasks: the plugins loaded from {} take subprocess tasks",
            shown(place.plugins())
        )
    );
}

#[test]
fn a_selector_nobody_matches_is_answered_with_the_labels_that_exist() {
    let place = Place::with(&["hello"]);
    let sidecar = "[labels]\nzone = \"eu\"\ntier = \"fast\"\n";
    fs::write(place.plugins().join("hello.toml"), sidecar).unwrap();
    let selector = json!({
        "matchLabels": { "zone": "us" },
        "matchExpressions": [{ "key": "gpu", "operator": "Exists" },
                             { "key": "tier", "operator": "In", "values": ["a", "b"] }],
    });
    let spec = with(hello("a", "b"), json!({ "runnerSelector": selector }));
    assert_eq!(
        reason_of(&place, spec),
        "no runner matches the selector (zone=us, gpu Exists, tier In [a, b]): \
         the runners for subprocess tasks are hello with tier=fast, zone=eu"
    );
}

#[test]
fn a_selector_nobody_matches_is_answered_when_there_are_no_labels() {
    let place = Place::with(&["hello"]);
    let selector = json!({ "matchLabels": { "zone": "us" } });
    let spec = with(hello("a", "b"), json!({ "runnerSelector": selector }));
    assert_eq!(
        reason_of(&place, spec),
        "no runner matches the selector (zone=us): \
         the runners for subprocess tasks are hello without labels"
    );
}

#[test]
fn a_task_that_its_runner_declines_names_the_runner() {
    let place = Place::with(&["hello"]);
    assert_eq!(
        reason_of(&place, command("a", "goodbye", &[])),
        "no runner for this task: hello takes subprocess tasks, but not this one"
    );
}

#[test]
fn a_spec_file_that_is_missing_is_named() {
    let place = Place::with(&["hello"]);
    let ended = end(&mut place.run(&["/no/such.json"]));
    assert_eq!(
        ended.stderr,
        "error: /no/such.json: cannot be read: No such file or directory (os error 2)\n"
    );
    assert_eq!((ended.stdout.as_str(), ended.code), ("", Some(2)));
}

#[test]
fn a_spec_file_that_is_a_directory_is_named() {
    let place = Place::with(&["hello"]);
    let directory = shown(place.plugins());
    let ended = end(&mut place.run(&[&directory]));
    assert_eq!(
        ended.stderr,
        format!("error: {directory}: cannot be read: Is a directory (os error 21)\n")
    );
    assert_eq!(ended.code, Some(2));
}

#[test]
fn a_spec_file_that_is_not_json_is_named_with_the_place() {
    let (file, ended) = run_file("slot: a\n");
    assert_eq!(
        ended.stderr,
        format!("error: {file}: not JSON: expected a value at line 1 column 1\n")
    );
    assert_eq!((ended.stdout.as_str(), ended.code), ("", Some(2)));
}

#[test]
fn an_empty_spec_file_is_named() {
    let (file, ended) = run_file(" \n");
    assert_eq!(
        ended.stderr,
        format!("error: {file}: empty, expected a task spec or an array of task specs\n")
    );
    assert_eq!(ended.code, Some(2));
}

#[test]
fn an_invalid_spec_is_named_with_its_place_in_the_array_and_its_field() {
    let cases = [
        (
            json!(17),
            "expected a task spec, which is a JSON object, found a number",
        ),
        (
            json!({}),
            "slot: missing, expected a name; kind: missing, expected an object with one field: \
             subprocess, wasm or container; timeout: missing, expected milliseconds or a time such as \
             \"5s\"",
        ),
        (
            json!({ "timeout": "5 bananas" }),
            "timeout: expected milliseconds or a time such as \"5s\", found \"5 bananas\"",
        ),
        (
            json!({ "timeout": 0 }),
            "timeout: has to be longer than nothing",
        ),
        (
            json!({ "slot": "a b" }),
            "slot: contains forbidden byte 0x20 at position 1 (allowed: [A-Za-z0-9._-])",
        ),
        (
            json!({ "admission": "drop" }),
            "admission: expected dropIfRunning, replace or queue, found \"drop\"",
        ),
        (
            json!({ "restart": { "type": "sometimes" } }),
            "restart.type: expected never, onFailure or always, found \"sometimes\"",
        ),
        (
            json!({ "backoff": { "factor": 0.5 } }),
            "backoff.factor: expected a number, 1 or more, found 0.5",
        ),
        (
            json!({ "backoff": { "firstMs": 60_000 } }),
            "backoff.maxMs: is 30000, less than backoff.firstMs, which is 60000; give both",
        ),
        (
            json!({ "restrat": 1, "backoff": { "first": 1 } }),
            "backoff.first: unknown field, expected firstMs, maxMs, factor or jitter; restrat: unknown \
             field, expected slot, kind, timeout, admission, restart, backoff, runnerSelector or labels",
        ),
        (
            json!({ "restart": { "type": "always", "interval": 1 } }),
            "restart.interval: unknown field, expected type or intervalMs",
        ),
        (
            json!({ "restart": { "type": "never", "intervalMs": 1 } }),
            "restart.intervalMs: unknown field, expected type",
        ),
        (
            json!({ "restart": { "type": "onFailure", "maxRetries": 3 } }),
            "restart.maxRetries: unknown field, expected type",
        ),
        (
            json!({ "kind": { "subprocess": { "mode": { "command": { "args": [] } } } } }),
            "kind.subprocess.mode.command.command: missing, expected text that is not blank",
        ),
        (
            json!({ "kind": { "subprocess": { "mode": { "command": { "command": "x", "arg": [] } } } } }),
            "kind.subprocess.mode.command.arg: unknown field, expected command or args",
        ),
        (
            json!({ "kind": { "subprocess": { "mode": { "command": { "command": "" } } } } }),
            "kind.subprocess.mode.command.command: expected text that is not blank, found \"\"",
        ),
        (
            json!({ "kind": { "wasm": { "module": "x", "arg": [] } } }),
            "kind.wasm.arg: unknown field, expected module, args or env",
        ),
        (
            json!({ "kind": "embedded" }),
            "kind: expected an object with one field: subprocess, wasm or container, found \"embedded\"",
        ),
        (
            json!({ "kind": { "wasm": { "module": "x" }, "container": { "image": "x" } } }),
            "kind: expected an object with one field: subprocess, wasm or container, found one with 2",
        ),
        (
            json!({ "kind": { "jail": {} } }),
            "kind.jail: unknown, expected subprocess, wasm or container",
        ),
    ];
    let specs: Vec<_> = cases
        .iter()
        .map(|(fields, _)| match fields.as_object() {
            Some(fields) if fields.is_empty() => json!({}),
            Some(_) => with(hello("a", "b"), fields.clone()),
            None => fields.clone(),
        })
        .collect();
    let (file, ended) = run_file(&Value::from(specs).to_string());
    let found: Vec<_> = ended.stderr.lines().collect();
    let expected: Vec<_> = cases
        .iter()
        .enumerate()
        .map(|(at, (_, message))| format!("error: {file}[{at}]: {message}"))
        .collect();
    assert_eq!(found, expected);
    assert_eq!((ended.stdout.as_str(), ended.code), ("", Some(2)));
}

#[test]
fn bad_specs_do_not_keep_the_good_ones_from_running() {
    let place = Place::with(&["hello"]);
    let good = place.file("good.json", json!([hello("a", "one"), 17]));
    let text = place.file("text.json", "[");
    let ended = end(&mut place.run(&["--json", &good, "/no/such.json", &text]));
    let (events, summary) = crate::objects(&ended.stdout);
    assert_eq!(events[1]["line"], "hello, one");
    assert_eq!(summary["tasks"][0]["outcome"], "success");
    let problems = json!([
        format!("{good}[1]: expected a task spec, which is a JSON object, found a number"),
        "/no/such.json: cannot be read: No such file or directory (os error 2)",
        format!("{text}: not JSON: it ends in the middle of an array at line 1 column 1"),
    ]);
    assert_eq!(summary["problems"], problems);
    for problem in problems.as_array().unwrap() {
        let line = format!("error: {}\n", problem.as_str().unwrap());
        assert!(ended.stderr.contains(&line), "{}", ended.stderr);
    }
    assert_eq!(ended.code, Some(1));
}

#[test]
fn what_was_read_before_standard_input_went_wrong_runs() {
    let place = Place::with(&["hello"]);
    let input = format!("{} [", hello("a", "one"));
    let ended = end_with_input(&mut place.run(&["-"]), &input);
    assert_eq!(ended.stdout, "a │ hello, one\n");
    let length = input.len();
    let error = format!(
        "error: stdin: not JSON: it ends in the middle of an array at line 1 column {length}\n"
    );
    assert!(ended.stderr.starts_with(&error), "{}", ended.stderr);
    assert!(
        ended
            .stderr
            .ends_with("\n1 task: 1 succeeded; 1 spec could not be read\n"),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.code, Some(1));
}

#[test]
fn no_task_at_all_is_no_error() {
    let (_, ended) = run_file("[]");
    assert_eq!((ended.stderr.as_str(), ended.code), ("0 tasks\n", Some(0)));
}

#[test]
fn a_setting_that_is_none_is_a_usage_error() {
    let place = Place::with(&["hello"]);
    for (word, message) in [
        ("hello.x", "expected PLUGIN.FIELD=VALUE, found no '='"),
        (
            "x=1.5",
            "expected PLUGIN.FIELD=VALUE, found no '.' before the '='",
        ),
    ] {
        let ended = end(&mut place.exec(&["--config", word, "--", "hello"]));
        assert!(ended.stderr.contains(message), "{}", ended.stderr);
        assert_eq!(ended.code, Some(2));
    }
}

#[test]
fn a_number_out_of_its_bounds_is_refused_with_the_bounds_that_the_help_names() {
    let wide = || {
        let mut host = solti_host();
        // So wide that no line of the help is broken.
        host.env("COLUMNS", "400");
        host
    };
    for (command, option, value, bounds, in_help) in [
        (
            "list",
            "--workers",
            "0",
            "expected a whole number from 1 to 1024",
            "1 to 1024",
        ),
        (
            "list",
            "--workers",
            "100000",
            "expected a whole number from 1 to 1024",
            "1 to 1024",
        ),
        (
            "list",
            "--probe-time",
            "0s",
            "expected a time from 10ms to 1h",
            "10ms to 1h",
        ),
        (
            "list",
            "--probe-memory",
            "0",
            "expected a whole number from 64 to 16777216",
            "64 to 16777216",
        ),
        (
            "list",
            "--max-file-bytes",
            "0",
            "expected a whole number from 1000 to 1099511627776",
            "1000 to 1099511627776",
        ),
        (
            "list",
            "--max-panics",
            "9999999999",
            "expected a whole number from 0 to 1000000000",
            "at most 1000000000",
        ),
        (
            "exec",
            "--timeout",
            "1ns",
            "expected a time from 1ms to 365days",
            "1ms to 365days",
        ),
        (
            "exec",
            "--grace",
            "2days",
            "expected a time from 0s to 1day",
            "0s to 1day",
        ),
        (
            "run",
            "--jobs",
            "9999999999",
            "expected a whole number from 0 to 1000000000",
            "at most 1000000000",
        ),
        (
            "run",
            "--retries",
            "9999999999",
            "expected a whole number from 0 to 1000000000",
            "at most 1000000000",
        ),
    ] {
        let ended = end(wide().args([command, option, value, "--", "x"]));
        let said = format!("error: invalid value '{value}' for '{option} <");
        assert!(ended.stderr.starts_with(&said), "{}", ended.stderr);
        assert!(
            ended.stderr.contains(&format!(": {bounds}\n")),
            "{}",
            ended.stderr
        );
        assert_eq!(ended.code, Some(2));
        let help = end(wide().args([command, "--help"])).stdout;
        let (_, of_option) = help.split_once(&format!("{option} <")).unwrap();
        let of_option = of_option.split("\n\n").next().unwrap();
        let words: Vec<_> = of_option.split_whitespace().collect();
        assert!(words.join(" ").contains(in_help), "{option}: {of_option}");
    }
}

#[test]
fn a_public_key_that_blocks_or_never_ends_is_refused_at_once() {
    let place = Place::with(&[]);
    let plugins = shown(place.plugins());
    let pipe = shown(place.directory.path().join("pipe"));
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    for (key, what) in [("/dev/zero", "a device"), (&pipe, "a FIFO")] {
        let ended = end(solti_host().args(["list", "--public-key", key, &plugins]));
        assert_eq!(
            ended.stderr,
            format!(
                "error: public key {key}: {what}, expected a regular file: put a regular file in its place\n"
            )
        );
        assert_eq!(ended.code, Some(2));
    }
}
