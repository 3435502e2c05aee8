//! What is read of specs: nothing is passed over, nothing good is lost with what is bad.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    Ended, Place, command, end, end_with_input, hello, objects, shell, shown, solti_host, with,
};

/// What `run` says of this text as a file, and as standard input.
fn run_both(text: &str) -> [(String, Ended); 2] {
    let place = Place::with(&["hello"]);
    let file = place.file("specs.json", text);
    let of_file = end(&mut place.run(&[&file]));
    let of_stdin = end_with_input(&mut place.run(&["-"]), text);
    [(file, of_file), ("stdin".to_owned(), of_stdin)]
}

/// The names that `hello` has greeted, in order.
fn greeted(ended: &Ended) -> Vec<&str> {
    let mut names: Vec<_> = ended
        .stdout
        .lines()
        .filter_map(|line| line.rsplit_once("hello, "))
        .map(|(_, name)| name)
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn a_broken_object_loses_no_other() {
    let [a, b, c] = ["a", "b", "c"].map(|name| hello(name, name).to_string());
    let pretty = serde_json::to_string_pretty(&hello("b", "b")).unwrap();
    for (text, names, errors) in [
        // A bracket too few, which the next object cannot make up for.
        (
            format!("{a}\n{}\n{c}\n", b.trim_end_matches('}')),
            vec!["a", "c"],
            1,
        ),
        (
            format!("{a}\n{{\"slot\": \"x\",\n{b}\n{c}\n"),
            vec!["a", "b", "c"],
            1,
        ),
        (
            format!("{a}\n{{\"slot\": \"x\", \"kind\":\n{b}\n{c}\n"),
            vec!["a", "b", "c"],
            1,
        ),
        // What follows on the line of a broken one, as far as that shows where it ends.
        (
            format!("{a} {{\"slot\": \"x\" \"y\": [{{}}, \"}}\"]}} {b} {c}\n"),
            vec!["a", "b", "c"],
            1,
        ),
        (format!("{{,}}{{\"slot\"}} {a}\n{b}"), vec!["a", "b"], 2),
        (format!("{{,}} [{a}, {b}]\n{c}"), vec!["a", "b", "c"], 1),
        (format!("{{,}}, {a}\n{b}\n{c}"), vec!["b", "c"], 1),
        // A text that does not end, words, and nothing at all.
        (
            format!("{a}\n{{\"slot\": \"x\n{b}\n{c}\n"),
            vec!["a", "b", "c"],
            1,
        ),
        (
            format!("slot: a\ntimeout: 5\n{b}\n{c}\n"),
            vec!["b", "c"],
            1,
        ),
        (format!("{a}\n17\n{c}\n"), vec!["a", "c"], 1),
        (format!("{a} }}\n{c}\n"), vec!["a", "c"], 1),
        // Over several lines, its fields are not taken for specs.
        (
            format!(
                "{{\n  \"slot\": x,\n  \"labels\":\n  {{\n    \"a\": \"b\"\n  }}\n}}\n{pretty}\n{c}"
            ),
            vec!["b", "c"],
            2,
        ),
        // An array on its line.
        (format!("[{a},\"x]\n{c}\n"), vec!["c"], 1),
        (format!("[{a}\n{c}\n"), vec!["c"], 1),
    ] {
        for (name, ended) in run_both(&text) {
            // What an array has had until then was taken from standard input.
            let of_array = name == "stdin" && text.starts_with('[');
            let names = if of_array {
                vec!["a", "c"]
            } else {
                names.clone()
            };
            assert_eq!(greeted(&ended), names, "{text}: {ended:?}");
            let found: Vec<_> = ended
                .stderr
                .lines()
                .filter(|line| line.starts_with("error: "))
                .collect();
            assert!((1..=errors).contains(&found.len()), "{text}: {found:?}");
            assert!(found[0].starts_with(&format!("error: {name}")), "{found:?}");
            assert_eq!(ended.code, Some(1));
        }
    }
}

#[test]
fn a_broken_array_of_a_file_gives_none_of_its_elements() {
    let [a, b, c] = ["a", "b", "c"].map(|name| hello(name, name).to_string());
    for text in [
        format!("[\n{a},\n{b},\n]\n{c}\n"),
        format!("[\n{a}\n{b}\n]\n{c}\n"),
        format!("[{a},\n{b},,\n]\n{c}\n"),
    ] {
        let [(file, ended), _] = run_both(&text);
        assert_eq!(greeted(&ended), ["c"], "{text}: {ended:?}");
        let prefix = format!("error: {file}: not JSON: ");
        assert!(ended.stderr.starts_with(&prefix), "{}", ended.stderr);
    }
}

/// What programs of Windows write.
#[test]
fn a_mark_before_the_text_is_no_part_of_it_and_another_encoding_is_named() {
    let place = Place::with(&["hello"]);
    let marked = place.file("marked.json", format!("\u{feff}{}", hello("a", "one")));
    let ended = end(&mut place.run(&[&marked]));
    assert_eq!((&*ended.stdout, ended.code), ("a │ hello, one\n", Some(0)));
    let input = format!("\u{feff}{{'a'}}\r\n{}", hello("a", "two"));
    let ended = crate::end_with_input(&mut place.run(&["-"]), &input);
    assert_eq!(ended.stdout, "a │ hello, two\n");
    let error = "error: stdin: not JSON: the name of a field has to stand in double quotes at line 1 \
                 column 2\n";
    assert!(ended.stderr.starts_with(error), "{}", ended.stderr);
    // One that is looked for plugins in is told from one all the same.
    let ended = end(solti_host().args(["check", &marked]));
    assert_eq!(
        ended.stderr,
        format!(
            "error: {marked}: task specs, not a plugin; `solti-host run --check --plugins DIR {marked}` \
             checks them\n"
        )
    );
    let file = place.directory.path().join("wide.json");
    fs::write(&file, b"\xff\xfe{\0}\0\n\0").unwrap();
    let ended = end(&mut place.run(&[file.to_str().unwrap()]));
    assert_eq!(
        (&*ended.stderr, ended.code),
        (
            &*format!(
                "error: {}: UTF-16, expected UTF-8: save it as that\n",
                file.display()
            ),
            Some(2)
        )
    );
}

#[test]
fn what_no_program_can_be_given_is_refused_with_its_field() {
    let place = Place::with(&["subprocess"]);
    let spec = command("a", "true", &["a\0b"]);
    let file = place.file("specs.json", &spec);
    let ended = end(&mut place.run(&[&file]));
    assert_eq!(
        ended.stderr,
        format!("error: {file}: kind.subprocess.mode.command.args[0]: contains a NUL character\n")
    );
    assert_eq!(ended.code, Some(2));
}

#[test]
fn the_place_of_what_is_broken_is_that_in_the_whole_input() {
    let text = format!("{}\n\n  {{\"slot\": \"a\" \"kind\"}}\n", hello("a", "a"));
    for (name, ended) in run_both(&text) {
        let error = format!(
            "error: {name}: not JSON: expected a comma or }} behind a field at line 3 column 16\n"
        );
        assert!(ended.stderr.starts_with(&error), "{}", ended.stderr);
    }
}

#[test]
fn a_field_that_is_given_twice_is_an_error_at_any_depth() {
    let spec = r#"{"slot": "a", "slot": "b", "timeout": 1000, "labels": {"x": "1", "x": "2"},
        "kind": {"subprocess": {"mode": {"command": {"command": "hello", "command": "rm"}}}}}"#;
    let [(file, ended), _] = run_both(spec);
    assert_eq!(
        ended.stderr,
        format!(
            "error: {file}: slot: given twice; labels.x: given twice; \
             kind.subprocess.mode.command.command: given twice\n"
        )
    );
    assert_eq!(ended.code, Some(2));
}

#[test]
fn no_message_grows_with_what_it_is_about() {
    let long = "x".repeat(10_000_000);
    let mut many = hello("a", "a");
    for at in 0..10_000 {
        many[format!("field{at}")] = json!(1);
    }
    for spec in [
        with(hello("a", "a"), json!({ long.as_str(): 1 })),
        with(hello("a", "a"), json!({ "admission": long })),
        with(hello("a", "a"), json!({ "slot": long })),
        with(hello("a", "a"), json!({ "kind": { long.as_str(): {} } })),
        with(hello("a", "a"), json!({ "timeout": long })),
        many,
    ] {
        let [(_, ended), _] = run_both(&spec.to_string());
        assert!(ended.stderr.starts_with("error: "), "{:.200}", ended.stderr);
        assert!(ended.stderr.len() < 2_000, "{} bytes", ended.stderr.len());
    }
    // A text that never ends.
    let [(_, ended), _] = run_both(&format!("{{\"{long}"));
    assert!(ended.stderr.len() < 2_000, "{} bytes", ended.stderr.len());
}

#[test]
fn no_word_of_a_programming_language_reaches_an_operator() {
    let values = [
        json!(null),
        json!(-1),
        json!(1.5),
        json!("x"),
        json!([1]),
        json!({ "a": 1 }),
        json!(true),
    ];
    let mut specs = Vec::new();
    for value in &values {
        for field in [
            "slot",
            "kind",
            "timeout",
            "admission",
            "restart",
            "backoff",
            "runnerSelector",
            "labels",
        ] {
            specs.push(with(hello("a", "a"), json!({ field: value })));
        }
        for kind in ["subprocess", "wasm", "container"] {
            specs.push(with(hello("a", "a"), json!({ "kind": { kind: value } })));
        }
        for field in ["mode", "cwd", "env", "failOnNonZero"] {
            specs.push(with(
                hello("a", "a"),
                json!({ "kind": { "subprocess": { field: value } } }),
            ));
        }
        specs.push(with(
            hello("a", "a"),
            json!({ "restart": { "type": "always", "intervalMs": value } }),
        ));
        specs.push(with(
            hello("a", "a"),
            json!({ "backoff": { "factor": value, "jitter": value } }),
        ));
        let script = json!({ "script": { "runtime": value, "body": value } });
        specs.push(with(
            hello("a", "a"),
            json!({ "kind": { "subprocess": { "mode": script } } }),
        ));
        let expressions = json!([{ "key": value, "operator": value, "values": value }]);
        specs.push(with(
            hello("a", "a"),
            json!({ "runnerSelector": { "matchExpressions": expressions } }),
        ));
    }
    let [(_, ended), _] = run_both(&Value::from(specs).to_string());
    let lines: Vec<_> = ended
        .stderr
        .lines()
        .filter(|line| line.starts_with("error: "))
        .collect();
    assert!(lines.len() > 100, "{}", lines.len());
    for line in lines {
        for word in [
            "u64",
            "f64",
            "enum",
            "struct",
            "variant",
            "sequence",
            "map",
            "tagged",
            "_",
            "::",
            "invalid type",
            "unit",
        ] {
            let said = line.split_once("]: ").unwrap().1;
            assert!(!said.contains(word), "{word}: {line}");
        }
    }
}

#[test]
fn a_time_may_be_written_with_its_unit() {
    let place = Place::with(&["subprocess"]);
    let spec = with(
        shell("a", "sleep 60"),
        json!({ "timeout": "300ms", "restart": { "type": "onFailure" },
                "backoff": { "firstMs": "10ms", "maxMs": "1s" } }),
    );
    let began = Instant::now();
    let (_, summary) = place.run_json(&json!([spec]), &["--retries", "1"]);
    assert_eq!(summary["tasks"][0]["outcome"], "timeout", "{summary}");
    assert_eq!(summary["tasks"][0]["attempts"], 2);
    assert!(began.elapsed() < Duration::from_secs(30));
}

#[test]
fn the_help_says_that_a_timeout_is_required_and_how_it_is_written() {
    let help = end(solti_host().args(["run", "--help"])).stdout;
    for text in [
        "These three fields are required. `timeout`",
        "\"5s\", \"500ms\" or \"1m 30s\"",
    ] {
        assert!(help.contains(text), "{help}");
    }
}

#[test]
fn specs_can_be_checked_without_being_run() {
    let place = Place::with(&["hello"]);
    let touched = place.directory.path().join("touched");
    let file = place.file(
        "specs.json",
        json!([
            hello("a", "one"),
            shell("b", &format!("touch {}", touched.display())),
            17
        ]),
    );
    let ended = end(&mut place.run(&["--check", &file]));
    assert!(ended.stdout.contains("hello"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("hello, one"), "{}", ended.stdout);
    assert!(
        ended
            .stdout
            .ends_with("\n3 specs: 1 good, 1 without a runner, 1 could not be read\n"),
        "{}",
        ended.stdout
    );
    assert_eq!(
        ended.stderr,
        format!(
            "error: {file}[2]: expected a task spec, which is a JSON object, found a number\n\
             error: {file}[1]: no runner for this task: hello takes subprocess tasks, but not this one\n"
        )
    );
    assert_eq!(ended.code, Some(1));
    assert!(!touched.exists());

    let input = hello("a", "one").to_string();
    let good = end_with_input(&mut place.run(&["--check", "--json", "-"]), &input);
    let report: Value = serde_json::from_str(&good.stdout).unwrap();
    assert_eq!(
        report["specs"],
        json!([{ "spec": "stdin[0]", "slot": "a", "kind": "subprocess", "runner": "hello", "reason": null }])
    );
    assert_eq!((good.stderr.as_str(), good.code), ("", Some(0)));
    let none = end_with_input(&mut place.run(&["--check", "-"]), "{");
    assert_eq!(none.code, Some(2));
}

#[test]
fn specs_and_plugins_are_told_apart_whichever_is_given_for_the_other() {
    let place = Place::with(&["hello"]);
    let specs = place.file("specs.json", format!("\n {}", hello("a", "one")));
    for command in ["check", "inspect"] {
        let ended = end(solti_host().args([command, &specs]));
        assert_eq!(
            ended.stderr,
            format!(
                "error: {specs}: task specs, not a plugin; `solti-host run --check --plugins DIR {specs}` \
                 checks them\n"
            )
        );
        assert_eq!(ended.stdout.lines().count(), 0, "{}", ended.stdout);
        assert_ne!(ended.code, Some(0));
    }
    let plugin = fs::read_dir(place.plugins())
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let plugin = shown(plugin.path());
    let ended = end(&mut place.run(&[&plugin]));
    assert_eq!(
        ended.stderr,
        format!(
            "error: {plugin}: a shared library, expected a task spec or an array of task specs; \
             `solti-host check` looks at libraries\n"
        )
    );
    assert_eq!(ended.code, Some(2));
}

#[test]
fn a_variable_that_would_be_another_one_is_refused_with_its_place() {
    let mut specs = Vec::new();
    for key in ["", "HOST=task", "A\0"] {
        let env = json!([{ "key": "OK", "value": "x" }, { "key": key, "value": "x" }]);
        let mut spec = hello("a", "a");
        spec["kind"]["subprocess"]["env"] = env;
        specs.push(spec);
    }
    let [(file, ended), _] = run_both(&Value::from(specs).to_string());
    let place = "kind.subprocess.env[1].key";
    assert_eq!(
        ended.stderr,
        format!(
            "error: {file}[0]: {place}: is empty\nerror: {file}[1]: {place}: contains an equals sign\n\
             error: {file}[2]: {place}: contains a NUL byte\n"
        )
    );
}

#[test]
fn a_spec_runs_when_it_has_arrived_and_not_when_the_next_one_has() {
    let place = Place::with(&["hello"]);
    let mut running = crate::Running::start(&mut place.run(&["-"]));
    let stdin = running.stdin.as_mut().unwrap();
    // Nothing behind the brace, not even the end of a line.
    std::io::Write::write_all(stdin, hello("a", "one").to_string().as_bytes()).unwrap();
    assert_eq!(running.line(), "a │ hello, one");
    let (code, _) = running.end();
    assert_eq!(code, Some(0));
}

#[test]
fn json_of_a_run_is_not_mixed_with_a_check() {
    let place = Place::with(&["hello"]);
    let file = place.file("specs.json", hello("a", "one"));
    let ended = end(&mut place.run(&["--check", "--summary", "x.json", &file]));
    assert_eq!(ended.code, Some(2));
    let (_, summary) = objects(&end(&mut place.run(&["--json", &file])).stdout);
    assert_eq!(summary["tasks"][0]["outcome"], "success");
}
