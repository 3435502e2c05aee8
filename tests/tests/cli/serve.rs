//! `solti-host serve`, as a client sees it.

mod access;
mod composite;
#[cfg(target_os = "linux")]
mod full;
mod grpc;
mod handover;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod images;
mod killed;
pub(crate) mod monitoring;
mod output;
mod page;
mod plugins;
mod published;
mod seen;
mod soak;
mod state;
mod stop;
mod systemd;
mod tasks;
pub(crate) mod tls;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use e2e::http::{Answer, Client};
use serde_json::Value;

use super::{Place, Running, SOON};

/// A service that runs; killed when the test ends before it.
pub(crate) struct Serving {
    running: Running,
    client: Client,
    /// The line with its addresses.
    ready: String,
}

/// The state directory of the services of a place.
pub(crate) fn state_of(place: &Place) -> PathBuf {
    place.directory.path().join("state")
}

/// A file of settings for the plugins of a place, with these lines as well. Its state directory is the one
/// that the command line names.
fn settings(place: &Place, more: &str) -> String {
    let plugins = place.plugins();
    place.file(
        "serve.toml",
        format!("plugins = {plugins:?}\nstate = 'unused'\n{more}"),
    )
}

impl Serving {
    /// Starts a service with these words, and waits until it is ready.
    pub(crate) fn start(place: &Place, words: &[&str]) -> Self {
        let mut command = place.command("serve", words);
        command.arg("--state").arg(state_of(place));
        Self::start_by(place, &mut command)
    }

    /// Starts a service by this command, and waits until it is ready.
    pub(crate) fn start_by(place: &Place, command: &mut Command) -> Self {
        let state = state_of(place);
        let running = Running::start(command);
        let ready = running.line();
        assert!(ready.starts_with("ready on unix:"), "{ready}");
        Self {
            running,
            client: Client::Unix(state.join("service.sock")),
            ready,
        }
    }

    /// Where it listens, by the line that said so.
    pub(crate) fn address(&self, scheme: &str) -> SocketAddr {
        let (_, behind) = self.ready.split_once(&format!("{scheme}://")).unwrap();
        behind.split(' ').next().unwrap().parse().unwrap()
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.client.send("GET", path, &[], b"")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        let body = body.to_string();
        self.client.send("POST", path, &[], body.as_bytes())
    }

    /// Has a task run, and returns its name.
    pub(crate) fn submit(&self, spec: &Value) -> String {
        let answer = self.post("/v1/tasks", spec);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["name"].as_str().unwrap().to_owned()
    }

    /// Waits until a task is in a phase that `is` accepts.
    pub(crate) fn until(&self, name: &str, is: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let task = self.get(&format!("/v1/tasks/{name}")).json();
            if is(&task) {
                return task;
            }
            assert!(began.elapsed() < SOON, "{task:#}");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    /// Waits until a task has ended.
    pub(crate) fn ended(&self, name: &str) -> Value {
        self.until(name, |task| task["ended"].is_string())
    }

    /// Ends it as `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.running.child.kill().unwrap();
        self.running.child.wait().unwrap();
    }

    /// Ends it in order.
    pub(crate) fn terminate(self) -> (Option<i32>, String) {
        self.running.signal(rustix::process::Signal::TERM);
        self.running.end()
    }
}
