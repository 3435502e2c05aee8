//! `solti-host run`: lines with their slot in front, and the summary.

use serde_json::json;

use crate::{Place, command, end, end_with_input, hello, shell};

/// The cells of a row of the summary.
fn row<'a>(stderr: &'a str, slot: &str) -> Vec<&'a str> {
    let cells = |line: &'a str| -> Vec<&'a str> {
        line.split("  ")
            .map(str::trim)
            .filter(|cell| !cell.is_empty())
            .collect()
    };
    let table = &stderr[stderr.find('═').expect("there is a table")..];
    table
        .lines()
        .map(cells)
        .find(|cells| cells.first() == Some(&slot))
        .unwrap_or_else(|| panic!("no row of {slot} in {stderr}"))
}

#[test]
fn each_line_has_its_slot_in_front_and_the_stream_can_be_told() {
    let place = Place::with(&["subprocess"]);
    let specs = json!([
        shell("a", "echo out; sleep 0.2; echo err >&2"),
        command("longer", "true", &[])
    ]);
    let specs = place.file("specs.json", specs);
    let ended = end(&mut place.run(&[&specs]));
    assert_eq!(ended.stdout, "a      │ out\na      ! err\n");
    assert_eq!(ended.code, Some(0));
}

#[test]
fn several_files_and_standard_input_make_one_run() {
    let place = Place::with(&["hello"]);
    let one = place.file("one.json", hello("a", "one"));
    let two = place.file("two.json", json!([hello("b", "two"), hello("c", "three")]));
    let input = format!("{}\n{}", hello("d", "four"), json!([hello("e", "five")]));
    let ended = end_with_input(&mut place.run(&[&one, "-", &two]), &input);
    let mut lines: Vec<_> = ended.stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "a │ hello, one",
            "b │ hello, two",
            "c │ hello, three",
            "d │ hello, four",
            "e │ hello, five"
        ]
    );
    assert!(
        ended.stderr.ends_with("\n5 tasks: 5 succeeded\n"),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.code, Some(0));
}

#[test]
fn the_summary_has_a_row_for_each_task_and_the_metrics() {
    let place = Place::with(&["subprocess"]);
    let specs = json!([
        shell("good", "seq 1500"),
        shell("bad", "exit 3"),
        command("none", "/no/such/program", &[]),
    ]);
    let specs = place.file("specs.json", specs);
    let ended = end(&mut place.run(&[&specs]));
    let good = row(&ended.stderr, "good");
    assert_eq!((good[1], good[2], good[4]), ("succeeded", "1", "1,500"));
    let bad = row(&ended.stderr, "bad");
    assert_eq!((bad[1], bad[2], bad[4]), ("failed", "1", "0"));
    assert_eq!(bad[5..], ["3", "process exited with non-zero code: 3"]);
    let none = row(&ended.stderr, "none");
    assert_eq!(none[1], "failed");
    assert!(
        none.last().unwrap().contains("/no/such/program"),
        "{none:?}"
    );
    let end = ended.stderr.lines().rev().take(2).collect::<Vec<_>>();
    assert_eq!(end[0], "3 tasks: 1 succeeded, 2 failed");
    assert!(end[1].starts_with("metrics: subprocess "), "{}", end[1]);
    assert!(end[1].contains(" 1 success"), "{}", end[1]);
    assert!(end[1].ends_with(" 1 spawn_failed"), "{}", end[1]);
    assert_eq!(ended.code, Some(1));
}

#[test]
fn nothing_is_coloured_where_no_terminal_is() {
    let place = Place::with(&["subprocess"]);
    let specs = place.file("specs.json", json!([shell("a", "echo x; exit 1")]));
    let run = end(&mut place.run(&[&specs]));
    let list = end(crate::solti_host().arg("list").arg(place.plugins()));
    for text in [run.stdout, run.stderr, list.stdout] {
        assert!(!text.contains('\x1b'), "{text}");
    }
}

#[test]
fn colours_that_are_asked_for_are_shown_unless_no_color_forbids_them() {
    let place = Place::with(&["subprocess"]);
    let specs = place.file("specs.json", json!([shell("a", "echo x; exit 1")]));
    let forced = end(place.run(&[&specs]).env("CLICOLOR_FORCE", "1"));
    assert!(
        forced.stdout.starts_with("\x1b[36ma\x1b[0m "),
        "{}",
        forced.stdout
    );
    assert!(forced.stderr.contains("\x1b["), "{}", forced.stderr);
    let forbidden = end(place.run(&[&specs]).env("NO_COLOR", "1"));
    assert_eq!(forbidden.stdout, "a │ x\n");
    assert!(!forbidden.stderr.contains('\x1b'), "{}", forbidden.stderr);
}

#[test]
fn escape_codes_of_a_task_are_not_touched() {
    let place = Place::with(&["subprocess"]);
    let specs = place.file(
        "specs.json",
        json!([command("a", "printf", &["\\033[1mx\\n"])]),
    );
    assert_eq!(end(&mut place.run(&[&specs])).stdout, "a │ \x1b[1mx\n");
}

#[test]
fn lines_of_many_tasks_at_the_same_time_are_all_there() {
    let place = Place::with(&["subprocess"]);
    let specs: Vec<_> = (0..20)
        .map(|slot| shell(&format!("s{slot}"), "seq 2000"))
        .collect();
    let specs = place.file("specs.json", json!(specs));
    let ended = end(&mut place.run(&[&specs]));
    for slot in 0..20 {
        let before = format!("{:3} │ ", format!("s{slot}"));
        let lines = ended
            .stdout
            .lines()
            .filter_map(|line| line.strip_prefix(&before));
        assert!(
            lines.eq((1..=2000).map(|line| line.to_string())),
            "slot {slot}"
        );
    }
    assert_eq!(ended.code, Some(0));
}

#[test]
fn fewer_jobs_than_tasks_still_run_them_all() {
    let place = Place::with(&["subprocess"]);
    let counter = place.file("counter", "");
    // Each task holds the only place it may have; a second one at the same time would see it.
    let script = format!("mkdir {counter}.lock && sleep 0.02 && rmdir {counter}.lock");
    let specs: Vec<_> = (0..10)
        .map(|slot| shell(&format!("s{slot}"), &script))
        .collect();
    let (_, summary) = place.run_json(&json!(specs), &["--jobs", "1"]);
    for task in summary["tasks"].as_array().unwrap() {
        assert_eq!(task["outcome"], "success", "{task}");
    }
}
