//! The single pieces of the hot path, one bench each: `cargo bench --bench pieces`.
//!
//! Absolute times of this machine; what they mean beside the published stack is in `side_by_side`.

use benches::ours::Ours;
use benches::plugins;
use benches::routers::{OurRouter, Roster};
use benches::specs;
use bytes::Bytes;
use divan::{Bencher, black_box};
use solti_model::{StreamKind, TaskId};
use solti_plugin_host::inspect::inspect;
use solti_plugin_host::{LineWriter, OutputRegistry, OutputSink};

fn main() {
    divan::main();
}

/// A sink with so many subscribers that never read.
fn with_sink(subscribers: usize, bench: impl FnOnce(OutputSink)) {
    let registry = OutputRegistry::default();
    let id = TaskId::from("task");
    let sink = registry.sink_for(id.clone(), 1);
    let receivers: Vec<_> = (0..subscribers).map(|_| registry.subscribe(&id)).collect();
    bench(sink);
    drop(receivers);
}

const LINE: [u8; 64] = [b'x'; 64];

/// `OutputSink::stdout_line`, the line's buffer included.
#[divan::bench(args = [0, 1, 4])]
fn stdout_line(bencher: Bencher<'_, '_>, subscribers: usize) {
    with_sink(subscribers, |sink| {
        bencher.bench_local(|| sink.stdout_line(Bytes::copy_from_slice(black_box(&LINE))));
    });
}

/// `OutputSink::push`.
#[divan::bench(args = [0, 1, 4])]
fn push(bencher: Bencher<'_, '_>, subscribers: usize) {
    with_sink(subscribers, |sink| {
        bencher.bench_local(|| sink.push(StreamKind::Stdout, black_box(&LINE)));
    });
}

/// `LineWriter::write` of one read of 64 KiB, 1008 lines.
#[divan::bench(args = [0, 1, 4])]
fn write_64_kib(bencher: Bencher<'_, '_>, subscribers: usize) {
    let mut text = LINE.to_vec();
    text.push(b'\n');
    let text = text.repeat(1008);
    with_sink(subscribers, |sink| {
        let mut writer = LineWriter::new(sink, StreamKind::Stdout);
        bencher.bench_local(|| writer.write(black_box(&text)));
    });
}

/// `RunnerRouter::pick` of the last runner, told apart by kind.
#[divan::bench(args = [1, 1000])]
fn pick_by_kind(bencher: Bencher<'_, '_>, runners: usize) {
    let router = OurRouter::new(Roster::Mixed, runners).router;
    let spec = specs::command("true", &[]);
    bencher.bench_local(|| router.pick(black_box(&spec)).is_some());
}

/// `RunnerRouter::pick` of the last runner, told apart by label.
#[divan::bench(args = [1, 1000])]
fn pick_by_label(bencher: Bencher<'_, '_>, runners: usize) {
    let router = OurRouter::new(Roster::SameKind, runners).router;
    let spec = specs::command("true", &[]);
    let spec = specs::selecting(spec, "number", &(runners - 1).to_string());
    bencher.bench_local(|| router.pick(black_box(&spec)).is_some());
}

/// `RunnerRouter::build` by a plugin: the spec as JSON both ways, a channel, the task.
#[divan::bench]
fn build_through_the_boundary(bencher: Bencher<'_, '_>) {
    let directory = plugins::directory_with("pusher");
    let ours = Ours::load(directory.path(), 16);
    let spec = specs::pusher("nothing", &[]);
    bencher.bench_local(|| {
        let task = ours.router.build(black_box(&spec)).expect("it is built");
        ours.registry.evict(&TaskId::from(task.name()));
    });
}

/// What is read from a file before anything of it runs; the file is in memory.
#[divan::bench]
fn inspect_a_plugin(bencher: Bencher<'_, '_>) {
    let bytes = std::fs::read(plugins::plugin("pusher")).expect("it was built just now");
    bencher.bench_local(|| inspect(black_box(&bytes)));
}
