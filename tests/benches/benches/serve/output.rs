//! Output: of a task that writes as fast as it can, and to many readers.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::process::Command;
use std::thread;
use std::time::Instant;

use benches::measure::{Comparison, interleave};
use benches::report::Row;
use serde_json::json;

use super::cases::{Bench, none};

/// The lines of an answer: how many, and whether they are the numbers from one.
fn count(output: impl std::io::Read) -> u64 {
    let mut expected = 0;
    for line in BufReader::new(output).lines() {
        let line = line.expect("it answers");
        expected += 1;
        assert_eq!(line, expected.to_string(), "a line is missing");
    }
    expected
}

/// A million lines at full speed: whether all are there for who comes late, and how long the task takes
/// against `run` with its output in a file.
pub(super) fn million_lines(bench: &Bench<'_>) -> Vec<Row> {
    let lines = bench.scale(1_000_000);
    let service = bench.service();
    let (mut number, mut missing) = (0, 0);
    let ours = || {
        number += 1;
        let name = format!("seq-{number}");
        let client = service.client();
        let began = Instant::now();
        client.submit(&name, &["seq", &lines.to_string()]);
        service.wait_for_all();
        let took = began.elapsed().as_secs_f64();
        let found = count(client.get(&format!("/v1/tasks/{name}/output")));
        missing += lines as u64 - found;
        took
    };
    let specs = bench.scratch.path().join("seq.json");
    let mode = json!({ "command": { "command": "seq", "args": [lines.to_string()] } });
    let spec =
        json!({ "slot": "seq", "timeout": 60_000, "kind": { "subprocess": { "mode": mode } } });
    std::fs::write(&specs, spec.to_string()).expect("there is room for it");
    let written = bench.scratch.path().join("seq.out");
    let theirs = || {
        let began = Instant::now();
        let status = Command::new(&bench.programs.host)
            .args(["run", "--quiet", "--plugins"])
            .arg(bench.programs.plugins.path())
            .arg(&specs)
            .stdout(File::create(&written).expect("there is room for it"))
            .status()
            .expect("it was built just now");
        assert!(status.success());
        began.elapsed().as_secs_f64()
    };
    let rounds = interleave(bench.rounds(5), ours, theirs);
    vec![
        none(
            "million_lines_missing",
            missing,
            "lines",
            "lines that a reader who comes late does not get",
        ),
        Row::new(
            "million_lines",
            Comparison::of(&rounds, |wall| *wall),
            1.0,
            "s",
            Some(1.5),
            "request to end, against `run` to a file",
        ),
    ]
}

/// A million lines of a task that has ended, by `logs -f` against `curl` on the raw route.
pub(super) fn logs_million(bench: &Bench<'_>) -> Vec<Row> {
    let lines = bench.scale(1_000_000);
    let service = bench.service();
    let client = service.client();
    client.submit("seq", &["seq", &lines.to_string()]);
    service.wait_for_all();
    let (address, token) = client.address();
    let token_file = bench.scratch.path().join("logs.token");
    std::fs::write(&token_file, token).expect("there is room for it");
    let header = format!("authorization: Bearer {token}");
    let url = format!("http://{address}/v1/tasks/seq/output");
    let timed = |command: &mut Command, name: &str| {
        let written = bench.scratch.path().join(name);
        let file = File::create(&written).expect("there is room for it");
        let began = Instant::now();
        let status = command.stdout(file).status().expect("it is there");
        let took = began.elapsed().as_secs_f64();
        assert!(status.success(), "{command:?}");
        let found = count(File::open(&written).expect("it was written just now"));
        assert_eq!(found, lines as u64);
        took
    };
    let ours = || {
        let mut logs = Command::new(&bench.programs.host);
        logs.args(["logs", "--follow", "seq", "--host", address, "--token-file"])
            .arg(&token_file);
        timed(&mut logs, "logs.out")
    };
    let theirs = || {
        let mut curl = Command::new("curl");
        curl.args([
            "-sS",
            "-H",
            &header,
            "-H",
            "accept: application/octet-stream",
            &url,
        ]);
        timed(&mut curl, "curl.out")
    };
    let rounds = interleave(bench.rounds(9), ours, theirs);
    vec![Row::new(
        "logs_million",
        Comparison::of(&rounds, |wall| *wall),
        1.0,
        "s",
        Some(2.0),
        "`logs -f` to a file, against `curl` on the raw route",
    )]
}

/// A hundred readers of one task, from its first line.
pub(super) fn readers_100(bench: &Bench<'_>) -> Vec<Row> {
    let (lines, readers) = (bench.scale(20_000), 100);
    let service = bench.service();
    let before = service.memory();
    // It begins when everybody reads.
    let go = bench.scratch.path().join("go");
    let script = format!(
        "until [ -e {} ]; do sleep 0.05; done; seq {lines}",
        go.display()
    );
    service.client().submit("read", &["sh", "-c", &script]);
    let missing: u64 = thread::scope(|scope| {
        let read = |_| {
            let client = service.client();
            scope.spawn(move || {
                let output = client.get("/v1/tasks/read/output?follow=true");
                lines as u64 - count(output)
            })
        };
        let all: Vec<_> = (0..readers).map(read).collect();
        thread::sleep(std::time::Duration::from_millis(500));
        File::create(&go).expect("there is room for it");
        all.into_iter()
            .map(|one| one.join().expect("readers do not panic"))
            .sum()
    });
    vec![
        none(
            "readers_100_missing",
            missing,
            "lines",
            "lines that one of 100 live readers does not get",
        ),
        super::cases::within(
            "readers_100_memory",
            &[(service.memory() - before).max(0.0)],
            10.0,
            "MB",
            "more than before; theirs is the published line's",
        ),
    ]
}
