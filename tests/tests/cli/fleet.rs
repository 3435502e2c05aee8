//! Hosts that share a queue, with real servers.

mod bad;
mod cancel;
mod clocks;
mod cluster;
mod credentials;
pub(crate) mod dead;
mod full;
mod proxy;
mod redelivered;
mod routes;
mod secure;
mod seen;
mod submit;

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Place;
use crate::serve::Serving;
use e2e::nats::Server;

/// How long something may take that takes a second as a rule.
const SOON: Duration = Duration::from_secs(60);

/// A queue on a server, and the commands that ask it.
struct Fleet {
    server: Server,
}

impl Fleet {
    /// A queue that was set up with these words; none where there is no server.
    fn with(words: &[&str]) -> Option<Self> {
        let server = Server::start(&[])?;
        let fleet = Self { server };
        fleet.done(&[&["queue", "init"], words].concat());
        Some(fleet)
    }

    fn url(&self) -> String {
        self.server.url()
    }

    /// A host that takes tasks of the queue.
    fn host(&self, place: &Place, words: &[&str]) -> Serving {
        let url = self.url();
        Serving::start(
            place,
            &[&["--queue", &url, "--grace", "1s"], words].concat(),
        )
    }

    fn said(&self, words: &[&str]) -> (i32, String, String) {
        said(&self.url(), words)
    }

    /// What a command printed that does what it is asked for.
    fn done(&self, words: &[&str]) -> String {
        let (code, stdout, stderr) = self.said(words);
        assert_eq!(code, 0, "{words:?}: {stdout}{stderr}");
        stdout
    }

    fn task(&self, name: &str) -> Value {
        serde_json::from_str(&self.done(&["task", name, "--json"])).unwrap()
    }

    /// Waits until a task is as `is` accepts.
    fn until(&self, name: &str, is: impl Fn(&Value) -> bool) -> Value {
        until(|| self.task(name), is)
    }

    fn status(&self) -> Value {
        serde_json::from_str(&self.done(&["queue", "status", "--json"])).unwrap()
    }

    /// Waits until the queue is as `is` accepts.
    fn until_status(&self, is: impl Fn(&Value) -> bool) -> Value {
        until(|| self.status(), is)
    }
}

/// Waits until what is told is as `is` accepts.
fn until<T: std::fmt::Debug>(tells: impl Fn() -> T, is: impl Fn(&T) -> bool) -> T {
    let began = Instant::now();
    loop {
        let told = tells();
        if is(&told) {
            return told;
        }
        assert!(began.elapsed() < SOON, "{told:#?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A command of the program that asks the queue at an address: its code and what it printed.
pub(crate) fn said(url: &str, words: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(e2e::solti_host());
    for name in ["SOLTI_HOST", "NO_COLOR", "RUST_LOG"] {
        command.env_remove(name);
    }
    let command = command.args(words).env("SOLTI_QUEUE", url);
    let Output {
        status,
        stdout,
        stderr,
    } = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

/// Sets the queue at an address up, and has a host of it run a task: each with these words.
fn works_for(place: &Place, url: &str, ours: &[&str]) {
    let (code, _, stderr) = said(url, &[&["queue", "init"], ours].concat());
    assert_eq!(code, 0, "{stderr}");
    let words = [&["--queue", url, "--grace", "1s"], ours].concat();
    let host = Serving::start(place, &words);
    let submit = [&["submit", "--follow"], ours, &["--", "echo", "hello"]].concat();
    let (code, stdout, stderr) = said(url, &submit);
    assert_eq!((code, &*stdout), (0, "hello\n"), "{stderr}");
    host.kill();
}

/// What a command said whom the queue at an address does not let in.
fn is_not_let_in(url: &str, (code, _, stderr): (i32, String, String)) {
    assert_eq!(code, 2);
    assert_eq!(
        stderr,
        format!(
            "error: the queue at {url} is not reached: it does not accept who asks: check the user and \
             password in the address, the credentials or the token\n"
        )
    );
}
