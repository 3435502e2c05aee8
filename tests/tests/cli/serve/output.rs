//! Output: whole, at any time, from any place.

use serde_json::json;

use super::{Serving, settings};
use crate::{Place, shell, with};

/// The numbers from 1 to this one, a line each.
fn numbers(last: u32) -> String {
    (1..=last).map(|number| format!("{number}\n")).collect()
}

#[test]
fn a_million_lines_at_full_speed_are_all_there_for_who_comes_late() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let name = serving.submit(&shell("a", "seq 1000000"));
    serving.ended(&name);
    let output = serving.get(&format!("/v1/tasks/{name}/output"));
    assert!(output.body == numbers(1_000_000).as_bytes());
    let tail = serving.get(&format!("/v1/tasks/{name}/output?tail=3"));
    assert_eq!(tail.text(), "999998\n999999\n1000000\n");
}

#[test]
fn bytes_that_are_no_text_come_out_as_they_went_in_and_in_ranges() {
    let place = Place::with(&["subprocess"]);
    let bytes: Vec<u8> = (0..700_000_u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 11) as u8)
        .collect();
    let file = place.directory.path().join("bytes");
    std::fs::write(&file, &bytes).unwrap();
    let serving = Serving::start(&place, &[]);
    let name = serving.submit(&shell("a", &format!("cat {}; echo no >&2", file.display())));
    serving.ended(&name);
    let path = format!("/v1/tasks/{name}/output?stream=stdout");
    let raw = |headers: &[(&str, &str)]| {
        let accept = [("Accept", "application/octet-stream")];
        serving
            .client
            .send("GET", &path, &[&accept, headers].concat(), b"")
    };
    let whole = raw(&[]);
    assert!(whole.body == bytes);
    assert_eq!(whole.header("content-length"), Some("700000"));
    let part = raw(&[("Range", "bytes=65000-200000")]);
    assert_eq!(part.status, 206);
    assert_eq!(
        part.header("content-range"),
        Some("bytes 65000-200000/700000")
    );
    assert!(part.body == bytes[65_000..=200_000]);
    let last = raw(&[("Range", "bytes=-5")]);
    assert!(last.body == bytes[699_995..]);
    let beyond = raw(&[("Range", "bytes=700000-")]);
    assert_eq!(beyond.status, 416);
    assert_eq!(beyond.header("content-range"), Some("bytes */700000"));
    assert_eq!(
        beyond.error().2,
        "Range: begins beyond the end, there are 700000 bytes"
    );
}

#[test]
fn a_reader_who_comes_again_goes_on_where_he_was() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let script =
        "for i in 1 2 3; do echo out $i; printf 'part '; echo err $i >&2; echo whole; done";
    let name = serving.submit(&shell("a", script));
    serving.ended(&name);
    let events = |headers: &[(&str, &str)]| -> Vec<_> {
        let accept = [("Accept", "text/event-stream")];
        let path = format!("/v1/tasks/{name}/output");
        let streaming = serving
            .client
            .stream("GET", &path, &[&accept, headers].concat(), b"");
        streaming.events().collect()
    };
    let all = events(&[]);
    let names: Vec<_> = all.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!((names[0], *names.last().unwrap()), ("started", "end"));
    assert_eq!(names.iter().filter(|name| **name == "line").count(), 9);
    assert_eq!(all.last().unwrap().2, json!({ "reason": "complete" }));
    for (at, (_, id, _)) in all
        .iter()
        .enumerate()
        .filter(|(_, event)| !event.1.is_empty())
    {
        assert_eq!(
            events(&[("Last-Event-ID", id)]),
            all[at + 1..],
            "behind {id}"
        );
    }
    let wrong = serving.client.send(
        "GET",
        &format!("/v1/tasks/{name}/output"),
        &[("Last-Event-ID", "x")],
        b"",
    );
    assert_eq!(
        wrong.error().2,
        "Last-Event-ID: is \"x\", expected the id of an event of this task"
    );
}

#[test]
fn who_follows_sees_each_line_when_it_is_written() {
    let place = Place::with(&["subprocess"]);
    let go_on = place.directory.path().join("go-on");
    let serving = Serving::start(&place, &[]);
    let script = format!(
        "echo one; while [ ! -e {} ]; do sleep 0.01; done; echo two",
        go_on.display()
    );
    let name = serving.submit(&shell("a", &script));
    let accept = [("Accept", "text/event-stream")];
    let path = format!("/v1/tasks/{name}/output?stream=stdout");
    let mut events = serving.client.stream("GET", &path, &accept, b"").events();
    let mut line = || loop {
        let (name, _, data) = events.next().unwrap();
        if name == "line" {
            return data["text"].clone();
        }
    };
    assert_eq!(line(), "one");
    std::fs::write(&go_on, "").unwrap();
    assert_eq!(line(), "two");
    serving.ended(&name);
}

#[test]
fn the_oldest_output_goes_where_there_is_too_much_and_its_reader_is_told() {
    let place = Place::with(&["subprocess"]);
    let config = settings(&place, "[output]\nper_task = '1MiB'\ntotal = '2MiB'\n");
    let serving = Serving::start(&place, &["--config", &config]);
    let name = serving.submit(&shell("a", "seq 1000000"));
    serving.ended(&name);
    let path = format!("/v1/tasks/{name}/output");
    let streaming = serving
        .client
        .stream("GET", &path, &[("Accept", "text/event-stream")], b"");
    let events: Vec<_> = streaming.events().collect();
    assert_eq!(events[0].0, "gap", "{:?}", events[0]);
    let gone = events[0].2["bytes"].as_u64().unwrap();
    assert!((5_000_000..7_000_000).contains(&gone), "{gone}");
    let last = events
        .iter()
        .rev()
        .find(|(name, ..)| name == "line")
        .unwrap();
    assert_eq!(last.2["text"], "1000000");
    // Two others push it out.
    for slot in ["b", "c"] {
        let other = serving.submit(&shell(slot, "seq 1000000"));
        serving.ended(&other);
    }
    let began = std::time::Instant::now();
    while !serving.get(&path).body.is_empty() {
        assert!(began.elapsed() < crate::SOON);
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

#[test]
fn the_lines_of_one_stream_and_one_attempt_can_be_had_alone() {
    let place = Place::with(&["subprocess"]);
    let counter = place.directory.path().join("counter");
    let serving = Serving::start(&place, &[]);
    let script = format!(
        "echo x >> {0}; n=$(wc -l < {0}); echo out $n; echo err $n >&2; [ $n = 3 ]",
        counter.display()
    );
    let again = json!({
        "restart": { "type": "onFailure" },
        "backoff": { "firstMs": 1, "maxMs": 1, "jitter": "none" },
    });
    let name = serving.submit(&with(shell("a", &script), again));
    let task = serving.ended(&name);
    assert_eq!(
        (&task["phase"], &task["attempts"]),
        (&json!("succeeded"), &json!(3)),
        "{task:#}"
    );
    for (query, expected) in [
        ("?stream=stdout", "out 1\nout 2\nout 3\n"),
        ("?stream=stderr&attempt=2", "err 2\n"),
        ("?stream=stdout&tail=1", "out 3\n"),
        ("?attempt=9", ""),
        ("?since=1h&stream=stderr", "err 1\nerr 2\nerr 3\n"),
        ("?since=2040-01-01T00:00:00Z", ""),
    ] {
        let answer = serving.get(&format!("/v1/tasks/{name}/output{query}"));
        assert_eq!(answer.text(), expected, "{query}");
    }
    for (query, message) in [
        (
            "?stream=both",
            "stream: is \"both\", expected stdout or stderr; both when it is left out",
        ),
        (
            "?attempt=0",
            "attempt: is \"0\", expected the number of an attempt, from 1",
        ),
        ("?tail=all", "tail: is \"all\", expected a number of lines"),
        (
            "?lines=3",
            "lines: unknown, expected attempt, stream, tail, since, position or follow",
        ),
    ] {
        let answer = serving.get(&format!("/v1/tasks/{name}/output{query}"));
        assert_eq!((answer.status, answer.error().2.as_str()), (400, message));
    }
}
