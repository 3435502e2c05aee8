//! `docs/tasks.md`: each example is a spec, the complete ones run, and what is wrong with a wrong one
//! is what the page says.

use std::fs;

use serde_json::{Value, json};

use super::{blocks, page};
use crate::{Place, end, with};

/// The text of the example module: a WASI program that prints a line.
const MODULE: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write"
        (func $fd_write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "\08\00\00\00\06\00\00\00hello\n")
    (func (export "_start")
        (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 100)))))"#;

/// The examples: those that have a slot are complete, the others are fields of a spec.
fn examples(page: &str) -> Vec<Value> {
    let examples = blocks(page, "json");
    examples
        .iter()
        .map(|text| serde_json::from_str(text).unwrap())
        .collect()
}

fn is_complete(example: &Value) -> bool {
    example["slot"].is_string()
}

#[test]
fn every_example_is_a_spec() {
    let mut examples = examples(&page("docs/tasks.md"));
    examples.extend(self::examples(&page("README.md")));
    examples.extend(self::examples(&page("docs/book/first-plugin.md")));
    let specs: Vec<_> = examples
        .iter()
        .map(|example| with(examples[0].clone(), example.clone()))
        .collect();
    let (_, summary) = Place::with(&[]).run_json(&json!(specs), &[]);
    assert_eq!(summary["problems"], json!([]));
    assert_eq!(summary["tasks"].as_array().unwrap().len(), specs.len());
}

#[test]
fn the_complete_examples_run() {
    let place = Place::with(&["subprocess", "wasm", "sqlite"]);
    let sidecar = "labels = { zone = \"eu\", tier = \"fast\" }\n";
    fs::write(place.plugins().join("subprocess.toml"), sidecar).unwrap();
    fs::write(
        place.directory.path().join("greet.wasm"),
        wat::parse_str(MODULE).unwrap(),
    )
    .unwrap();
    let mut specs = examples(&page("docs/tasks.md"));
    // What is needed for a container is not on every machine.
    specs.retain(|example| is_complete(example) && example["kind"]["container"].is_null());
    let file = place.file("specs.json", json!(specs));
    let mut run = place.run(&["--json", &file]);
    let (events, summary) = crate::objects(&end(run.current_dir(place.directory.path())).stdout);
    for (task, spec) in summary["tasks"].as_array().unwrap().iter().zip(&specs) {
        assert_eq!(task["slot"], spec["slot"]);
        assert_eq!(task["outcome"], "success", "{task}");
    }
    let lines = |slot: &str| -> Vec<_> {
        let of_slot = events.iter().filter(|event| event["slot"] == slot);
        of_slot.filter_map(|event| event["line"].as_str()).collect()
    };
    assert_eq!(lines("greet"), ["hello"]);
    assert_eq!(lines("report"), ["hello, Ada", "hello, Grace"]);
    assert_eq!(lines("module"), ["hello"]);
    assert_eq!(lines("query"), ["{\"one\":1}"]);
}

#[test]
fn what_is_wrong_with_a_spec_is_said_as_on_the_page() {
    let page = page("docs/tasks.md");
    let good = examples(&page)[0].clone();
    let (_, section) = page.split_once("\n## What is wrong with a spec\n").unwrap();
    let lines: Vec<_> = blocks(section, "text")[0].lines().collect();
    let cases = lines
        .chunks_exact(2)
        .map(|pair| (pair[0], pair[1].trim_start()));
    let (specs, messages): (Vec<_>, Vec<_>) = cases
        .map(|(fields, message)| {
            (
                with(good.clone(), serde_json::from_str(fields).unwrap()),
                message,
            )
        })
        .unzip();
    let place = Place::with(&[]);
    let file = place.file("specs.json", json!(specs));
    let ended = end(&mut place.run(&[&file]));
    let found: Vec<_> = ended.stderr.lines().collect();
    let expected = messages.iter().enumerate();
    let expected: Vec<_> = expected
        .map(|(at, message)| format!("error: {file}[{at}]: {message}"))
        .collect();
    assert_eq!(found, expected);
}
