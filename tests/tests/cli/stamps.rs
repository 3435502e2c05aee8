//! `--timestamps`.

use crate::{Place, end, shell};

/// A line without the time that has to stand before it.
fn without_time(line: &str) -> &str {
    let (time, rest) = line.split_once(' ').unwrap();
    let shape: String = time
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000Z", "{line}");
    rest
}

#[test]
fn the_time_stands_before_each_line_note_message_and_record() {
    let place = Place::with(&["subprocess"]);
    std::fs::write(place.plugins().join("text.so"), "just a text\n").unwrap();
    let specs = place.file("specs.json", shell("a", "echo out; echo err >&2; exit 3"));
    let mut run = place.run(&["--timestamps", &specs]);
    let ended = end(run.env("RUST_LOG", "solti_plugin_host=info"));
    let mut lines: Vec<_> = ended.stdout.lines().map(without_time).collect();
    lines.sort_unstable();
    assert_eq!(lines, ["a ! err", "a │ out"]);
    let (before, _) = ended
        .stderr
        .split_once("\n\n")
        .unwrap_or((&ended.stderr, ""));
    let notes: Vec<_> = before
        .lines()
        .take_while(|line| !line.starts_with('─'))
        .map(without_time)
        .collect();
    for begin in [
        "warning: text.so: rejected at inspect: ",
        " INFO solti_plugin_host",
        "a · attempt 1 failed: ",
    ] {
        assert!(
            notes.iter().any(|note| note.starts_with(begin)),
            "{begin} in {notes:?}"
        );
    }
}

#[test]
fn the_time_is_that_of_the_line_and_not_of_who_reads_it() {
    let place = Place::with(&["subprocess"]);
    let specs = place.file("specs.json", shell("a", "echo x; sleep 1; echo y"));
    let ended = end(&mut place.run(&["--timestamps", &specs]));
    let times: Vec<_> = ended.stdout.lines().map(|line| &line[..24]).collect();
    let [first, second] = times[..] else {
        panic!("{}", ended.stdout)
    };
    let seconds = |time: &str| time[17..23].parse::<f64>().unwrap();
    let passed = (seconds(second) - seconds(first)).rem_euclid(60.0);
    assert!((0.9..30.0).contains(&passed), "{}", ended.stdout);
}

#[test]
fn what_a_command_of_exec_prints_and_json_are_left_as_they_are() {
    let place = Place::with(&["subprocess"]);
    let ended = end(&mut place.exec(&["--timestamps", "--", "echo", "x"]));
    assert_eq!(ended.stdout, "x\n");
    let ended = end(&mut place.exec(&["--timestamps", "--json", "--", "echo", "x"]));
    assert!(
        ended.stdout.lines().all(|line| line.starts_with('{')),
        "{}",
        ended.stdout
    );
}
