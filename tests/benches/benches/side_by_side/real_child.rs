//! A real child process that writes lines.

use std::fs;
use std::io::Write as _;
use std::time::Instant;

use benches::measure::{Comparison, interleave};
use benches::ours::Ours;
use benches::plugins;
use benches::process::cpu_seconds;
use benches::report::Row;
use benches::side::{Side, attempt, host_runtime};
use benches::specs;
use benches::subscriber::read_lines;
use benches::theirs::Theirs;
use solti_model::TaskId;
use tempfile::NamedTempFile;
use tokio::runtime::Runtime;

use crate::{Group, Setup};

pub(super) const SMALL_LINES: Group = Group {
    cases: &["lines_real_child_1_subscriber", "lines_real_child_cpu"],
    run: small_lines,
};

pub(super) const NOBODY: Group = Group {
    cases: &["lines_real_child_0_subscribers"],
    run: nobody,
};

pub(super) const LONG_LINES: Group = Group {
    cases: &["lines_real_child_4k"],
    run: long_lines,
};

/// A file of equal lines.
struct Text {
    file: NamedTempFile,
    count: usize,
    bytes: usize,
}

impl Text {
    fn new(count: usize, bytes: usize) -> Self {
        let mut line = vec![b'x'; bytes];
        line.push(b'\n');
        let mut file = NamedTempFile::new().expect("there is room for a temporary file");
        file.write_all(&line.repeat(count))
            .expect("there is room for a temporary file");
        Self { file, count, bytes }
    }
}

/// What one run took, in seconds.
struct Run {
    wall: f64,
    cpu: f64,
}

fn run(runtime: &Runtime, side: &dyn Side, text: &Text, subscribed: bool) -> Run {
    let spec = specs::cat(text.file.path());
    runtime.block_on(async {
        let task = side.build(&spec);
        let id = TaskId::from(task.name());
        let (count, bytes) = (text.count as u64, text.bytes);
        let reader = subscribed.then(|| side.subscribe(&id));

        let cpu = cpu_seconds();
        let began = Instant::now();
        let reader = reader.map(|events| tokio::spawn(read_lines(events, count, bytes)));
        let attempt = async { attempt(&task).await.expect("cat succeeds") };
        let wall = if let Some(reader) = reader {
            let (reader, ()) = tokio::join!(
                async {
                    reader.await.expect("every line came");
                    began.elapsed()
                },
                attempt
            );
            reader
        } else {
            attempt.await;
            began.elapsed()
        };
        let cpu = cpu_seconds() - cpu;
        side.evict(&id);
        Run {
            wall: wall.as_secs_f64(),
            cpu,
        }
    })
}

fn compare(setup: &Setup, text: &Text, subscribed: bool) -> Vec<benches::measure::Pair<Run>> {
    // More than a whole run: neither side can lag.
    let capacity = text.count.next_power_of_two();
    let directory = plugins::directory_with("subprocess");
    let ours = Ours::load(directory.path(), capacity);
    let theirs = Theirs::subprocess(capacity);
    let runtime = host_runtime();
    // In the page cache before anything is timed.
    fs::read(text.file.path()).expect("it was written just now");
    interleave(
        setup.rounds(9),
        || run(&runtime, &ours, text, subscribed),
        || run(&runtime, &theirs, text, subscribed),
    )
}

fn small_lines(setup: &Setup) -> Vec<Row> {
    let text = Text::new(setup.work(1_000_000), 64);
    let rounds = compare(setup, &text, true);
    let per_line = 1e9 / text.count as f64;
    vec![
        Row::new(
            "lines_real_child_1_subscriber",
            Comparison::of(&rounds, |run| run.wall),
            per_line,
            "ns/line",
            Some(0.65),
            "spawn to the last line received",
        ),
        Row::new(
            "lines_real_child_cpu",
            Comparison::of(&rounds, |run| run.cpu),
            per_line,
            "ns/line",
            Some(0.65),
            "user + system time of the host process",
        ),
    ]
}

fn nobody(setup: &Setup) -> Vec<Row> {
    let text = Text::new(setup.work(1_000_000), 64);
    let rounds = compare(setup, &text, false);
    vec![Row::new(
        "lines_real_child_0_subscribers",
        Comparison::of(&rounds, |run| run.wall),
        1e9 / text.count as f64,
        "ns/line",
        Some(0.35),
        "spawn to the end of the attempt",
    )]
}

fn long_lines(setup: &Setup) -> Vec<Row> {
    let text = Text::new(setup.work(100_000), 4096);
    let rounds = compare(setup, &text, true);
    vec![Row::new(
        "lines_real_child_4k",
        Comparison::of(&rounds, |run| run.wall),
        1e9 / text.count as f64,
        "ns/line",
        Some(0.7),
        "spawn to the last line received",
    )]
}
