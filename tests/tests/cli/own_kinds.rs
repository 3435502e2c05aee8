//! Tasks of kinds of a plugin's own: they are read, run and submitted as all others are.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::serve::{Serving, state_of};
use crate::{Place, end, shown, solti_host, with};

const KIND: &str = "example.com/v1/Greeting";

fn greeting(fields: Value) -> Value {
    let spec = json!({ "slot": "hi", "timeout": "30s", "kind": KIND, "spec": { "name": "Ada" } });
    with(spec, fields)
}

#[test]
fn a_task_of_a_kind_of_a_plugins_own_runs_as_any_other() {
    let place = Place::with(&["modern"]);
    let (events, summary) = place.run_json(&json!([greeting(json!({}))]), &[]);
    assert!(
        events.iter().any(|event| event["line"] == "hello Ada"),
        "{events:?}"
    );
    assert_eq!(summary["tasks"][0]["outcome"], "success", "{summary}");
    let specs = place.file("specs.json", greeting(json!({})));
    let ended = end(place.run(&["--check", "--json"]).arg(specs));
    let checked: Value = serde_json::from_str(&ended.stdout).unwrap();
    let checked = &checked["specs"][0];
    assert_eq!(
        (&checked["kind"], &checked["runner"]),
        (&KIND.into(), &"modern".into()),
        "{ended:?}"
    );
}

#[test]
fn what_is_wrong_with_a_task_of_a_kind_of_a_plugins_own_is_named() {
    let place = Place::with(&["modern", "sqlite"]);
    let file = place.directory.path().join("specs.json");
    let file = shown(file);
    let script = |spec: Value| json!({ "slot": "s", "timeout": 30_000, "kind": "example.com/v1/SqliteScript", "spec": spec });
    for (spec, said) in [
        (
            greeting(json!({ "specs": 1 })),
            "specs: unknown field, expected slot, kind, spec, timeout, admission, restart, backoff, \
             runnerSelector or labels"
                .to_owned(),
        ),
        (
            greeting(json!({ "kind": " " })),
            "kind: expected text that is not blank, found \" \"".to_owned(),
        ),
        (
            greeting(json!({ "kind": "example.com/v2/Greeting" })),
            format!(
                "no runner for example.com/v2/Greeting tasks: the plugins loaded from {} take \
                 subprocess, {KIND}, example.com/v1/SqliteScript tasks",
                shown(place.plugins())
            ),
        ),
        (
            greeting(json!({ "runnerSelector": { "matchLabels": { "zone": "eu" } } })),
            format!(
                "no runner matches the selector (zone=eu): the runners for {KIND} tasks are modern \
                 without labels"
            ),
        ),
        (
            script(json!({ "database": ":memory:", "sql": "SELECT 1", "format": "csv" })),
            "spec.format: expected json or tsv, found \"csv\"".to_owned(),
        ),
        (
            script(json!({ "database": ":memory:", "sql": 7 })),
            "spec.sql: expected text, found 7".to_owned(),
        ),
    ] {
        place.file("specs.json", &spec);
        let ended = end(&mut place.run(&[&file]));
        let all = ended.stdout.clone() + &ended.stderr;
        assert!(all.contains(&said), "{said}: {ended:?}");
        assert_ne!(ended.code, Some(0));
    }
    // At any depth of what only the plugin knows.
    let twice = greeting(json!({})).to_string();
    let twice = twice.replace(r#"{"name":"Ada"}"#, r#"{"a":[{"b":1,"b":2}]}"#);
    place.file("specs.json", twice);
    let ended = end(&mut place.run(&[&file]));
    let said = format!("error: {file}: spec.a[0].b: given twice\n");
    assert_eq!((&*ended.stderr, ended.code), (&*said, Some(2)));
}

#[test]
fn a_task_of_a_kind_of_a_plugins_own_is_submitted_to_a_service() {
    let place = Place::with(&["modern"]);
    let _serving = Serving::start(&place, &[]);
    let submit = |spec: Value| {
        let file = place.file("specs.json", spec);
        let mut submit = solti_host();
        submit.args(["submit", "--follow", &file]);
        submit.env("SOLTI_HOST", state_of(&place).join("service.sock"));
        end(submit.stdin(Stdio::null()))
    };
    let ended = submit(greeting(json!({})));
    assert_eq!(
        (&*ended.stdout, ended.code),
        ("hello Ada\n", Some(0)),
        "{ended:?}"
    );
    let ended = submit(greeting(json!({ "kind": "gpu" })));
    let said = "kind: expected subprocess, wasm or container, or group/version/Kind, found \"gpu\"";
    assert!(ended.stderr.contains(said), "{ended:?}");
}
