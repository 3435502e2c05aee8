//! The same tasks through a queue and through one host's own API.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use benches::fleet::{Queue, Servers, Side, Workers, greetings};
use benches::measure::{Comparison, interleave};
use benches::report::Row;
use serde_json::json;

use super::Bench;

/// From the first request until the last task has ended, a task: by a queue with one host, and by its API.
pub(super) fn queue_and_api(bench: &Bench) -> Row {
    let rounds = interleave(bench.rounds, || queue(bench), || api(bench));
    Row::new(
        "queue_and_api",
        Comparison::of(&rounds, |seconds| *seconds),
        1e6,
        "us",
        None,
        "a task, from its request on; `submit` of a file to a queue with one host; theirs to one host's API",
    )
}

fn queue(bench: &Bench) -> f64 {
    let queue = Queue::empty(&bench.programs, Servers::One);
    let _host = Workers::start(&bench.programs, Side::Host, &queue.url(), 1);
    let began = Instant::now();
    let _ = queue.submit(&bench.programs, "t", bench.tasks);
    while queue.left() > 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    began.elapsed().as_secs_f64() / bench.tasks as f64
}

fn api(bench: &Bench) -> f64 {
    let host = Workers::without_queue(&bench.programs);
    let (address, token) = host.address();
    let scratch = tempfile::tempdir().expect("there is room for temporary files");
    let file = scratch.path().join("specs.json");
    let specs: Vec<_> = greetings("t", bench.tasks).collect();
    fs::write(&file, json!(specs).to_string()).expect("there is room for it");
    let began = Instant::now();
    let mut submit = Command::new(bench.programs.host());
    submit
        .args(["submit", "--wait", "--host", &format!("http://{address}")])
        .arg("--token-file")
        .arg(token)
        .arg(&file)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let output = submit.output().expect("it was built just now");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    began.elapsed().as_secs_f64() / bench.tasks as f64
}
