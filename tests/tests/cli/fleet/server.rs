//! Servers of NATS on loopback, which end with the test.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A server that runs, or can be started again.
pub(super) struct Server {
    child: Option<Child>,
    directory: TempDir,
    port: u16,
    words: Vec<String>,
}

/// A port that nobody listens on at the moment.
pub(super) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Whether there is a server to start; the test is skipped where there is none.
pub(super) fn is_there() -> bool {
    let found = Command::new("nats-server").arg("--version").output();
    if found.is_ok_and(|output| output.status.success()) {
        return true;
    }
    e2e::skip("nats-server is not installed (Debian: nats-server)");
    false
}

impl Server {
    /// A server with JetStream, and with these words.
    pub(super) fn start(words: &[&str]) -> Option<Self> {
        is_there().then(|| Self::on(free_port(), &[&["-js"], words].concat()))
    }

    /// A server on a port, with nothing but these words.
    pub(super) fn on(port: u16, words: &[&str]) -> Self {
        let mut server = Self {
            child: None,
            directory: tempfile::tempdir().unwrap(),
            port,
            words: words.iter().map(|it| (*it).to_owned()).collect(),
        };
        server.run();
        server.is_ready();
        server
    }

    /// Starts it, for the first time or again, with what it has kept.
    pub(super) fn run(&mut self) {
        let log = File::create(self.directory.path().join("log")).unwrap();
        let child = Command::new("nats-server")
            .args(["-a", "127.0.0.1", "-p", &self.port.to_string()])
            .arg("-sd")
            .arg(self.directory.path().join("store"))
            .args(&self.words)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn();
        self.child = Some(child.unwrap());
    }

    /// Waits until it listens.
    pub(super) fn is_ready(&self) {
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(30), "{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Ends it as `kill -9` does.
    pub(super) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Three servers that keep each message three times.
pub(super) fn cluster() -> Option<[Server; 3]> {
    if !is_there() {
        return None;
    }
    let ports: [(u16, u16); 3] = std::array::from_fn(|_| (free_port(), free_port()));
    let routes = ports
        .map(|(_, route)| format!("nats://127.0.0.1:{route}"))
        .join(",");
    let servers: Vec<_> = ports
        .iter()
        .enumerate()
        .map(|(number, (port, route))| {
            let name = format!("s{number}");
            let cluster = format!("nats://127.0.0.1:{route}");
            Server::on(
                *port,
                &[
                    "-js",
                    "-n",
                    &name,
                    "--cluster_name",
                    "fleet",
                    "--cluster",
                    &cluster,
                    "--routes",
                    &routes,
                ],
            )
        })
        .collect();
    servers.try_into().ok()
}
