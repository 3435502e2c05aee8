//! Lines from a plugin against lines from a plugin in a process of its own, over gRPC.

mod grpc;

use std::path::Path;
use std::process::Child;
use std::time::Instant;

use benches::measure::{Comparison, interleave};
use benches::ours::Ours;
use benches::plugins;
use benches::process;
use benches::report::Row;
use benches::side::{Side, attempt, host_runtime};
use benches::specs;
use benches::subscriber::read_lines;
use solti_model::TaskId;
use solti_runner::OutputRegistry;
use tokio::runtime::Runtime;

use crate::{Group, Setup};

pub(super) const AGAINST_A_PROCESS: Group = Group {
    cases: &["push_vs_process", "push_vs_process_no_relay"],
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
    [
        ("push_vs_process", true, Some(0.2), RELAYED),
        ("push_vs_process_no_relay", false, None, NOT_RELAYED),
    ]
    .into_iter()
    .filter(|(case, ..)| setup.wants(case))
    .map(|(case, relayed, reach, timed)| {
        let rounds = interleave(
            setup.rounds(11),
            || from_plugin(&runtime, &ours, count),
            || from_process(&runtime, &client, count, relayed),
        );
        let comparison = Comparison::of(&rounds, |seconds| *seconds);
        Row::new(
            case,
            comparison,
            1e9 / count as f64,
            "ns/line",
            reach,
            timed,
        )
    })
    .collect()
}

const RELAYED: &str = "request to the last line received by a subscriber of the registry";
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
