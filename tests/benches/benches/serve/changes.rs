//! Plugins that are replaced while tasks run.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use benches::report::Row;
use serde_json::Value;

use super::agent::{Agent, Client};
use super::cases::{Bench, none, within};
use super::load::Load;

/// Settings under which every replacement is taken.
const SETTINGS: &str = "plugins = 'unused'\nstate = 'unused'\nmax_tasks = 100000\nmax_images = 2000\n\
                        max_image_bytes = '16GiB'\n";

/// How many submit at the same time.
const CLIENTS: usize = 8;

/// How long a thread that has nothing to do may wait for more.
const REST: Duration = Duration::from_secs(4);

/// A service whose plugin is replaced.
struct Changing {
    agent: Agent,
    client: Client,
    plugin: PathBuf,
    bytes: Vec<u8>,
    number: u32,
}

impl Changing {
    fn new(bench: &Bench<'_>) -> Self {
        let plugins = bench.fresh_state();
        fs::create_dir(&plugins).expect("there is room for it");
        let plugin = plugins.join("subprocess.so");
        let original = bench.programs.plugins.path().join("subprocess.so");
        let bytes = fs::read(original).expect("it was built just now");
        put(&plugin, &bytes);
        let state = bench.fresh_state();
        let agent = Agent::service_in(bench.programs, &plugins, &state, SETTINGS);
        let client = agent.client();
        Self {
            agent,
            client,
            plugin,
            bytes,
            number: 0,
        }
    }

    /// Puts other bytes in the place of the plugin, and waits until a task of it has ended; how long that
    /// took, in milliseconds.
    fn replace(&mut self) -> f64 {
        self.number += 1;
        let mut bytes = self.bytes.clone();
        bytes.extend(self.number.to_le_bytes());
        let before = self.plugin()["sha256"].clone();
        let began = Instant::now();
        put(&self.plugin, &bytes);
        loop {
            let now = self.plugin();
            if now["sha256"] != before && now["attempts"]["succeeded"].as_u64() > Some(0) {
                return began.elapsed().as_secs_f64() * 1e3;
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    fn plugin(&self) -> Value {
        self.client.json("/v1/plugins")["plugins"][0].clone()
    }

    /// Kilobytes of a line of what the system says of the process.
    fn status(&self, name: &str) -> f64 {
        let path = format!("/proc/{}/status", self.agent.child.id());
        let status = fs::read_to_string(path).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().nth(1));
        number.and_then(|it| it.parse().ok()).expect("Linux has it")
    }

    /// What its own memory and the copies of its plugins take, in bytes.
    fn memory(&self) -> f64 {
        let own = (self.status("RssAnon") + self.status("RssFile")) * 1024.0;
        let images = &self.client.json("/v1/plugins")["images"];
        own + images["bytes"].as_f64().expect("it is a number")
    }

    /// Waits until what was replaced is at rest.
    fn rest(&self) {
        let draining = || {
            let plugins = self.client.json("/v1/plugins");
            let departed = plugins["departed"].as_array().cloned();
            departed
                .into_iter()
                .flatten()
                .any(|it| it["state"] != "ended")
        };
        while draining() {
            thread::sleep(Duration::from_millis(20));
        }
        thread::sleep(REST);
    }
}

fn put(path: &Path, bytes: &[u8]) {
    let unfinished = path.with_extension("part");
    fs::write(&unfinished, bytes).expect("there is room for it");
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(&unfinished, mode).expect("it is ours");
    fs::rename(unfinished, path).expect("it is the same directory");
}

/// 300 replacements while eight clients submit, and what they leave behind.
pub(super) fn replaced_300(bench: &Bench<'_>) -> Vec<Row> {
    let count = bench.scale(300).max(3);
    let mut changing = Changing::new(bench);
    let (stop, taken, refused) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let clients: Vec<_> = (0..CLIENTS).map(|_| changing.agent.client()).collect();
    let mut took: Vec<f64> = thread::scope(|scope| {
        for (of, client) in clients.iter().enumerate() {
            let (stop, taken, refused) = (&stop, &taken, &refused);
            scope.spawn(move || {
                for number in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let done = client.try_submit(&format!("r-{of}-{number}"), &["true"]);
                    let count = if done { taken } else { refused };
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let took = (0..count).map(|_| changing.replace()).collect();
        stop.store(true, Ordering::Relaxed);
        took
    });
    changing.agent.wait_for_all();
    took.sort_by(f64::total_cmp);
    let p95 = took[(took.len() * 95 / 100).min(took.len() - 1)];
    let metrics = metrics_of(&changing.client);
    let succeeded = metrics("solti_tasks_ended_total{phase=\"succeeded\"}");
    let lost = taken.load(Ordering::Relaxed) - succeeded + refused.load(Ordering::Relaxed);
    // Without tasks, whose records take memory as well.
    changing.rest();
    let (before, threads) = (changing.memory(), changing.status("Threads"));
    let more = bench.scale(100).max(2);
    for number in 0..more {
        // One task for each, so that each has had a runtime.
        changing.client.submit(&format!("m-{number}"), &["true"]);
        changing.agent.wait_for_all();
        let (client, stop) = (changing.agent.client(), AtomicBool::new(false));
        thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let number = taken.fetch_add(1, Ordering::Relaxed);
                    client.submit(&format!("n-{number}"), &["true"]);
                    thread::sleep(Duration::from_millis(20));
                }
            });
            changing.replace();
            stop.store(true, Ordering::Relaxed);
        });
    }
    changing.rest();
    let each = (changing.memory() - before) / more as f64 / changing.bytes.len() as f64;
    let left = (changing.status("Threads") - threads).max(0.0);
    vec![
        none(
            "replaced_300_lost",
            lost,
            "tasks",
            "tasks that were refused, failed or lost while the plugin was replaced",
        ),
        within(
            "replaced_to_task_p95",
            &[p95],
            500.0,
            "ms",
            "from the rename of a file to the end of the first task of it, under load; theirs is the limit",
        ),
        within(
            "replaced_memory",
            &[each],
            1.3,
            "files",
            "memory and shared memory for each image, in lengths of its file; theirs is the limit",
        ),
        none(
            "replaced_threads",
            left as u64,
            "threads",
            "threads that are left of replaced plugins",
        ),
    ]
}

/// A file that is refused, again and again, while tasks run.
pub(super) fn bad_file_1000(bench: &Bench<'_>) -> Vec<Row> {
    let changing = Changing::new(bench);
    let (count, bad) = (bench.scale(5000), bench.scale(1000));
    let whole = &changing.bytes;
    let mut pairs = Vec::new();
    for round in 0..bench.rounds(3) {
        let quiet = Load::of(&changing.agent, &format!("q{round}"), count);
        let stop = AtomicBool::new(false);
        let mut puts = 0;
        let troubled = thread::scope(|scope| {
            let putting = scope.spawn(|| {
                let mut puts = 0;
                while !stop.load(Ordering::Relaxed) || puts < bad {
                    put(&changing.plugin, &whole[..whole.len() / 2 - puts % 7]);
                    puts += 1;
                    thread::sleep(Duration::from_millis(4));
                }
                puts
            });
            let load = Load::of(&changing.agent, &format!("b{round}"), count);
            stop.store(true, Ordering::Relaxed);
            puts = putting.join().expect("it panics nowhere");
            load
        });
        assert!(puts >= bad);
        put(&changing.plugin, whole);
        pairs.push(troubled.percentile(99) / quiet.percentile(99));
    }
    vec![within(
        "bad_file_1000_p99",
        &pairs,
        1.2,
        "times",
        "the 99th percentile of requests while a file is refused again and again, in that of none; theirs \
         is the limit",
    )]
}

/// 5,000 tasks over HTTP, each of which is counted.
pub(super) fn metrics_5000(bench: &Bench<'_>) -> Vec<Row> {
    let count = bench.scale(5000);
    let service = bench.service();
    Load::of(&service, "c", count);
    let metrics = metrics_of(&service.client());
    let counted = [
        metrics("solti_tasks_accepted_total"),
        metrics("solti_tasks_ended_total{phase=\"succeeded\"}"),
        metrics("solti_plugin_attempts_total{plugin=\"subprocess\",outcome=\"succeeded\"}"),
    ];
    let missing = counted
        .iter()
        .map(|counted| (count as u64).abs_diff(*counted))
        .sum();
    vec![none(
        "metrics_5000_lost",
        missing,
        "events",
        "tasks that were not counted, at three places",
    )]
}

/// Finds a sample.
fn metrics_of(client: &Client) -> impl Fn(&str) -> u64 + use<> {
    let mut text = String::new();
    std::io::Read::read_to_string(&mut client.get("/metrics"), &mut text).expect("it is text");
    move |name| {
        let mut lines = text.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.and_then(|it| it.parse().ok()).unwrap_or(0)
    }
}
