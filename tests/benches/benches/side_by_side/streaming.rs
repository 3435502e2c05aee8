//! Lines from a plugin against lines from a plugin in a process of its own, over gRPC.

mod grpc;

use std::path::Path;
use std::process::Child;
use std::thread;
use std::time::{Instant, SystemTime};

use benches::measure::{Comparison, interleave};
use benches::ours::Ours;
use benches::plugins;
use benches::process;
use benches::report::Row;
use benches::side::{Side, attempt, host_runtime};
use benches::specs;
use benches::subscriber::read_lines;
use bytes::Bytes;
use solti_model::{OutputChunk, OutputEvent, StreamKind, TaskId};
use solti_runner::OutputRegistry;
use tokio::runtime::Runtime;
use tokio::sync::broadcast;

use crate::tap::tapped;
use crate::{Group, Setup};

pub(super) const AGAINST_A_PROCESS: Group = Group {
    cases: &[
        "push_vs_process",
        "push_vs_process_tap",
        "push_vs_process_no_relay",
        "push_vs_process_floor",
    ],
    run: against_a_process,
};

const BYTES: usize = 64;

fn against_a_process(setup: &Setup) -> Vec<Row> {
    let count = setup.work(100_000);
    let directory = plugins::directory_with("pusher");
    let ours = Ours::load(directory.path(), count.next_power_of_two());
    let runtime = host_runtime();
    let sockets = tempfile::tempdir().expect("there is room for a socket");
    let socket = sockets.path().join("plugin.sock");
    let _process = Plugin::start(&socket);
    let client = runtime.block_on(grpc::Client::connect(&socket));
    let plugin = || from_plugin(&runtime, &ours, count);
    let tap = || {
        let spec = specs::pusher("push-blocks", &[count, BYTES, 1000]);
        tapped(&runtime, &ours, &spec, count, BYTES)
    };
    let channel = || from_a_channel(&runtime, count);
    let cases: [(_, &dyn Fn() -> f64, _, _, _); 4] = [
        ("push_vs_process", &plugin, true, Some(0.2), RELAYED),
        ("push_vs_process_tap", &tap, true, Some(0.15), TAPPED),
        (
            "push_vs_process_no_relay",
            &plugin,
            false,
            None,
            NOT_RELAYED,
        ),
        ("push_vs_process_floor", &channel, true, None, FLOOR),
    ];
    cases
        .into_iter()
        .filter(|(case, ..)| setup.wants(case))
        .map(|(case, ours, relayed, target, timed)| {
            let rounds = interleave(setup.rounds(11), ours, || {
                from_process(&runtime, &client, count, relayed)
            });
            let comparison = Comparison::of(&rounds, |seconds| *seconds);
            Row::new(
                case,
                comparison,
                1e9 / count as f64,
                "ns/line",
                target,
                timed,
            )
        })
        .collect()
}

const RELAYED: &str = "request to the last line received by a subscriber of the registry";
const TAPPED: &str = "the same; ours to a tap";
const FLOOR: &str = "ours is the broadcast channel alone, its lines made already";
const NOT_RELAYED: &str = "the same; theirs ends in the gRPC client, no registry";

fn from_plugin(runtime: &Runtime, side: &dyn Side, count: usize) -> f64 {
    runtime.block_on(async {
        let task = side.build(&specs::pusher("push-blocks", &[count, BYTES, 1000]));
        let id = TaskId::from(task.name());
        let events = side.subscribe(&id);
        let began = Instant::now();
        let reader = tokio::spawn(read_lines(events, count as u64, BYTES));
        let (reader, end) = tokio::join!(reader, attempt(&task));
        let seconds = began.elapsed().as_secs_f64();
        reader.expect("every line came");
        end.expect("pushing succeeds");
        side.evict(&id);
        seconds
    })
}

/// What no sink can be faster than: a thread that sends events into the channel which subscribers
/// get by the contract, without making a line, a number or a time for any.
fn from_a_channel(runtime: &Runtime, count: usize) -> f64 {
    let (sender, events) = broadcast::channel(count.next_power_of_two());
    let ts = SystemTime::now();
    let chunk = move |seq| OutputChunk {
        attempt: 1,
        stream: StreamKind::Stdout,
        seq,
        ts,
        line: Bytes::from_static(&[b'x'; BYTES]),
    };
    runtime.block_on(async {
        let began = Instant::now();
        let reader = tokio::spawn(read_lines(events, count as u64, BYTES));
        let plugin = thread::spawn(move || {
            for seq in 0..count as u64 {
                // The reader stays until it has them all.
                let _ = sender.send(OutputEvent::Chunk(chunk(seq)));
            }
        });
        reader.await.expect("every line came");
        let seconds = began.elapsed().as_secs_f64();
        plugin.join().expect("sending does not panic");
        seconds
    })
}

fn from_process(runtime: &Runtime, client: &grpc::Client, count: usize, relayed: bool) -> f64 {
    let id = TaskId::from("task");
    let registry = OutputRegistry::new(count.next_power_of_two());
    let sink = registry.sink_for(id.clone(), 1);
    runtime.block_on(async {
        let reader = relayed.then(|| registry.subscribe(&id).expect("it was made just now"));
        let began = Instant::now();
        let reader = reader.map(|events| tokio::spawn(read_lines(events, count as u64, BYTES)));
        let mut client = client.clone();
        let relay = tokio::spawn(async move {
            let push = |line| {
                if relayed {
                    sink.stdout_line(line);
                }
            };
            client.relay(count, BYTES, push).await;
        });
        relay.await.expect("the stream is whole");
        if let Some(reader) = reader {
            reader.await.expect("every line came");
        }
        began.elapsed().as_secs_f64()
    })
}

/// A process that is killed in the end.
struct Plugin(Child);

impl Plugin {
    fn start(socket: &Path) -> Self {
        let socket = socket.to_str().expect("paths of ours are text");
        let child = process::child(&["stream", socket]).spawn();
        Self(child.expect("this program can be started"))
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(super) fn child(socket: &Path) {
    host_runtime().block_on(grpc::serve(socket));
}
