//! A queue on servers of its own.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use async_nats::jetstream;
use e2e::nats::{Server, cluster};
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::workers::{Programs, Side, Workers};

/// How often it is looked how many tasks are left.
const LOOK: Duration = Duration::from_millis(5);

/// How long nothing may end.
const STUCK: Duration = Duration::from_secs(60);

/// How long servers get to find each other.
const FOUND: Duration = Duration::from_secs(30);

/// The servers that a queue is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Servers {
    /// One, which keeps each message.
    One,
    /// Three, each of which keeps each message.
    Three,
}

/// A queue that was set up, on servers that end with it.
pub struct Queue {
    servers: Vec<Server>,
    scratch: TempDir,
    runtime: Runtime,
    context: jetstream::Context,
}

impl Queue {
    /// An empty queue.
    ///
    /// # Panics
    ///
    /// When no server is installed, or three do not find each other.
    #[must_use]
    pub fn empty(programs: &Programs, servers: Servers) -> Self {
        let (servers, replicas) = match servers {
            Servers::One => (Server::start(&[]).map(|server| vec![server]), "1"),
            Servers::Three => (cluster().map(Vec::from), "3"),
        };
        let servers = servers.expect("nats-server is installed");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("the system has room for a runtime");
        let context = runtime.block_on(async {
            let client = async_nats::connect(servers[0].url()).await;
            jetstream::new(client.expect("it listens"))
        });
        let queue = Self {
            servers,
            scratch: tempfile::tempdir().expect("there is room for temporary files"),
            runtime,
            context,
        };
        let room = ["--output-bytes", "4294967296"];
        let init = [&["queue", "init", "--replicas", replicas], &room[..]].concat();
        let began = Instant::now();
        // Servers of a cluster keep nothing before they have chosen one of them.
        while let Err(stderr) = queue.tried(programs, &init) {
            assert!(began.elapsed() < FOUND, "{stderr}");
            std::thread::sleep(FOUND / 100);
        }
        queue
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        let urls: Vec<_> = self.servers.iter().map(Server::url).collect();
        urls.join(",")
    }

    /// Has `count` tasks wait that greet somebody and start no process; how many seconds that took.
    #[must_use]
    pub fn submit(&self, programs: &Programs, prefix: &str, count: usize) -> f64 {
        let file = self.specs(prefix, count);
        let began = Instant::now();
        self.done(programs, &["submit", &file.display().to_string()]);
        began.elapsed().as_secs_f64()
    }

    fn specs(&self, prefix: &str, count: usize) -> PathBuf {
        let file = self.scratch.path().join(format!("{prefix}.json"));
        let specs: Vec<_> = greetings(prefix, count).collect();
        fs::write(&file, json!(specs).to_string()).expect("there is room for it");
        file
    }

    /// A command of the program that asks this queue.
    fn done(&self, programs: &Programs, words: &[&str]) {
        let tried = self.tried(programs, words);
        tried.unwrap_or_else(|stderr| panic!("{words:?}: {stderr}"));
    }

    /// What it says where it fails.
    fn tried(&self, programs: &Programs, words: &[&str]) -> Result<(), String> {
        let mut command = Command::new(programs.host());
        command
            .args(words)
            .env("SOLTI_QUEUE", self.url())
            .stdin(Stdio::null());
        let output = command.output().expect("it was built just now");
        let is_done = output.status.success();
        is_done
            .then_some(())
            .ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// How many tasks wait or run.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.runtime.block_on(async {
            let tasks = self.context.get_stream("SOLTI_TASKS").await;
            let tasks = tasks.expect("it was made at the beginning");
            tasks.cached_info().state.messages
        })
    }

    /// Waits until no task is left; the seconds that each took, from the first end to the last.
    #[must_use]
    pub fn drained(&self) -> f64 {
        let all = self.left();
        let mut first = None;
        let mut last = (all, Instant::now());
        loop {
            let left = self.left();
            if left < last.0 {
                last = (left, Instant::now());
                first.get_or_insert(last);
            }
            assert!(last.1.elapsed() < STUCK, "{left} of {all} tasks do not end");
            if left == 0 {
                break;
            }
            std::thread::sleep(LOOK);
        }
        let (from, began) = first.expect("there was a task");
        (last.1 - began).as_secs_f64() / from.max(1) as f64
    }

    /// How many results are stored.
    #[must_use]
    pub fn results(&self) -> usize {
        self.runtime.block_on(async {
            use tokio_stream::StreamExt as _;
            let state = self.context.get_stream("KV_SOLTI_STATE").await;
            let state = state.expect("it was made at the beginning");
            let info = state.info_with_subjects("$KV.SOLTI_STATE.result.>").await;
            info.expect("it answers")
                .fold(0, |count, _| count + 1)
                .await
        })
    }

    /// What each stream has: its messages and bytes.
    ///
    /// # Panics
    ///
    /// When the server does not answer.
    #[must_use]
    pub fn sizes(&self) -> Vec<(&'static str, u64, u64)> {
        let size = async |name: &'static str| {
            let stream = self.context.get_stream(name).await;
            let stream = stream.expect("it was made at the beginning");
            let state = &stream.cached_info().state;
            (name, state.messages, state.bytes)
        };
        self.runtime.block_on(async {
            let mut sizes = Vec::new();
            for name in ["SOLTI_TASKS", "KV_SOLTI_STATE", "SOLTI_OUTPUT"] {
                sizes.push(size(name).await);
            }
            sizes
        })
    }

    /// Has `count` tasks wait, and then so many workers take them: the seconds that each took.
    #[must_use]
    pub fn run(
        programs: &Programs,
        servers: Servers,
        (side, workers): (Side, usize),
        count: usize,
    ) -> f64 {
        let queue = Self::empty(programs, servers);
        let _ = queue.submit(programs, "t", count);
        let _workers = Workers::start(programs, side, &queue.url(), workers);
        let took = queue.drained();
        assert_eq!(queue.results(), count, "each task has a result");
        took
    }
}

/// Specs of tasks that greet somebody and start no process.
pub fn greetings(prefix: &str, count: usize) -> impl Iterator<Item = serde_json::Value> {
    (0..count).map(move |number| {
        let name = format!("{prefix}-{number}");
        let mode = json!({ "command": { "command": "hello", "args": ["you"] } });
        let kind = json!({ "subprocess": { "mode": mode } });
        json!({ "name": name, "slot": name, "timeout": 60_000, "kind": kind })
    })
}
