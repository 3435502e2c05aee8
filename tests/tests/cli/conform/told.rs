//! What is said of what cannot be tried, and of plugins that end or stop the process that tries them.

use std::collections::BTreeMap;

use super::{Subject, failed, tasks};
use crate::{end, solti_host};

/// What a plugin does to the process that loads it is that process's end, and not the suite's.
#[test]
fn a_plugin_that_ends_or_stops_its_process_fails_and_says_how() {
    for (harm, words, fact) in [
        (
            "exit",
            &[][..],
            "the process that tried it ended with code 0",
        ),
        ("segv", &[], "the process that tried it ended by signal 11"),
        (
            "sleep",
            &["--time", "2s"],
            "the process that tried it had not ended after 2s",
        ),
    ] {
        let subject = Subject::with(e2e::hostile(harm), "hostile");
        let tasks = subject.written("tasks.json", "{}");
        let (report, code) = subject.report(&tasks, words);
        assert_eq!(code, Some(1), "{harm}");
        assert_eq!(
            failed(&report),
            BTreeMap::from([("loads".to_owned(), fact.to_owned())])
        );
    }
}

#[test]
fn a_rule_without_a_task_is_told_and_counts_where_that_is_asked_for() {
    let subject = Subject::of("hello");
    let ended = subject.conform(&["--rule", "pressure-respected", "--rule", "loads"]);
    let table: Vec<_> = ended
        .stdout
        .lines()
        .filter(|it| it.contains(" not "))
        .collect();
    assert!(
        table[0].contains("the task 'chatty' could not be built: no suitable runner"),
        "{ended:?}"
    );
    assert!(
        ended
            .stdout
            .ends_with(": 2 rules: 1 passed, 0 failed, 1 not applicable, 0 skipped\n"),
        "{ended:?}"
    );
    assert_eq!(ended.code, Some(0));
    let strict = ["--strict", "--rule", "pressure-respected"];
    assert_eq!(subject.conform(&strict).code, Some(1));
}

/// A task that was given for this plugin does what it is said to do, or something is wrong.
#[test]
fn a_given_task_that_does_something_else_fails_the_rule() {
    let subject = Subject::of("specimen");
    let mut tasks = tasks(&[]);
    tasks["quick"] = tasks["failing"].clone();
    let tasks = subject.written("tasks.json", &tasks);
    let (report, code) = subject.report(&tasks, &["--rule", "metrics-of-success"]);
    let fact = "the task 'quick' was to succeed, and failed: told to fail";
    assert_eq!(code, Some(1));
    assert_eq!(failed(&report)["metrics-of-success"], fact);
}

#[test]
fn what_cannot_be_tried_is_named_with_what_to_do() {
    let subject = Subject::of("hello");
    let tasks = |content: &str| subject.written("t.json", content).display().to_string();
    let place = subject.directory.path().display().to_string();
    let library = format!("{place}/hello.so");
    for (content, error) in [
        (
            r#"{"quik": {}}"#,
            "{place}/t.json: unknown name 'quik', expected one of quick, long, failing, chatty, \
             text, panicking",
        ),
        (
            "[]",
            "{place}/t.json: expected an object that names tasks by what they do (quick, long, \
             failing, chatty, text, panicking), found an array",
        ),
        (
            "{",
            "{place}/t.json: not JSON: EOF while parsing an object at line 1 column 1",
        ),
        (
            r#"{"quick": {"slot": "a", "timeout": 5}}"#,
            "{place}/t.json.quick: kind: missing, expected an object with one field: subprocess, \
             wasm or container",
        ),
        (
            r#"{"quick": {"slot": "a", "kind": "a/v1/B", "timeout": 5, "specs": 1}}"#,
            "{place}/t.json.quick: specs: unknown field, expected slot, kind, spec, timeout, \
             admission, restart, backoff, runnerSelector or labels",
        ),
        (
            r#"{"panicking": "built-in"}"#,
            "{place}/t.json.panicking: the suite has no task of its own that does this for a \
             plugin of this kind; give a spec, or leave it out",
        ),
    ] {
        let ended = subject.conform(&["--tasks", &tasks(content)]);
        let error = error.replace("{place}", &place);
        assert_eq!(ended.stderr, format!("error: {library}: {error}\n"));
        assert_eq!(ended.code, Some(2));
    }
    for (words, error) in [
        (
            &["--rule", "load"][..],
            "no rule is named 'load': `solti-host conform --list` prints them",
        ),
        (
            &["--rule", "loads", "--skip", "loads"],
            "every rule that --rule names is left out by --skip",
        ),
        (
            &["--config", "helo.x=1"],
            "{library}: --config helo: the plugin in this file is 'hello'",
        ),
        (
            &["--tasks", "/nonexistent"],
            "{library}: /nonexistent: cannot be read: No such file or directory (os error 2)",
        ),
    ] {
        let ended = subject.conform(words);
        let error = error.replace("{library}", &library);
        assert_eq!(ended.stderr, format!("error: {error}\n"));
        assert_eq!(ended.code, Some(2));
    }
    let nothing = end(solti_host().args(["conform", "/nonexistent.so"]));
    let error = "/nonexistent.so: it cannot be read: No such file or directory (os error 2)";
    assert_eq!(nothing.stderr, format!("error: {error}\n"));
    let specs = subject.written("specs.json", "[]").display().to_string();
    let ended = end(solti_host().args(["conform", &specs]));
    let error = format!(
        "{specs}: task specs, not a plugin; `solti-host run --check --plugins DIR {specs}` checks \
         them"
    );
    assert_eq!(ended.stderr, format!("error: {error}\n"));
}

#[test]
fn a_file_that_is_no_plugin_fails_and_nothing_else_is_said_of_it() {
    let subject = Subject::with(b"no library".to_vec(), "text");
    let (report, code) = subject.report(&subject.written("tasks.json", "{}"), &[]);
    assert_eq!(code, Some(1));
    assert_eq!(failed(&report).into_keys().collect::<Vec<_>>(), ["loads"]);
    assert_eq!(report["notApplicable"], 29);
}

/// The name in a sidecar is the plugin's name, and its configuration counts in every process.
#[test]
fn a_sidecar_counts_and_gives_the_plugin_its_name() {
    let subject = Subject::of("specimen");
    let sidecar = "name = \"renamed\" # here\n[config]\nexclusive = true\n";
    subject.written("specimen.toml", sidecar);
    let tasks = subject.written("tasks.json", tasks(&[]));
    let words = ["--rule", "loads", "--rule", "loads-twice"];
    let (report, _) = subject.report(&tasks, &words);
    let fact = "it does not load beside itself: another specimen is here";
    assert_eq!(
        failed(&report),
        BTreeMap::from([("loads-twice".to_owned(), fact.to_owned())])
    );
    let config = ["--config", "renamed.panic=false"];
    assert_eq!(
        subject.report(&tasks, &[&words[..], &config].concat()).1,
        Some(1)
    );
}
