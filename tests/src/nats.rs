//! Servers of NATS on loopback, which end with who has started them.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a server gets until it listens.
const SOON: Duration = Duration::from_secs(30);

/// A server that runs, or can be started again; killed with its value.
#[derive(Debug)]
pub struct Server {
    child: Option<Child>,
    directory: TempDir,
    port: u16,
    words: Vec<String>,
}

/// A port that nobody listens on at the moment.
///
/// # Panics
///
/// When the machine has none.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has ports");
    listener
        .local_addr()
        .expect("it has an address as it listens")
        .port()
}

/// Whether there is a server to start; says that something is skipped where there is none.
#[must_use]
pub fn is_there() -> bool {
    let found = Command::new("nats-server").arg("--version").output();
    if found.is_ok_and(|output| output.status.success()) {
        return true;
    }
    crate::skip("nats-server is not installed (Debian: nats-server)");
    false
}

impl Server {
    /// A server with JetStream, and with these words; none where it is not installed.
    #[must_use]
    pub fn start(words: &[&str]) -> Option<Self> {
        is_there().then(|| Self::on(free_port(), &[&["-js"], words].concat()))
    }

    /// A server on a port, with nothing but these words.
    ///
    /// # Panics
    ///
    /// When it does not start.
    #[must_use]
    pub fn on(port: u16, words: &[&str]) -> Self {
        let mut server = Self {
            child: None,
            directory: tempfile::tempdir().expect("there is room for temporary files"),
            port,
            words: words.iter().map(|it| (*it).to_owned()).collect(),
        };
        server.run();
        server.is_ready();
        server
    }

    /// Starts it, for the first time or again, with what it has kept.
    ///
    /// # Panics
    ///
    /// When it is not installed.
    pub fn run(&mut self) {
        let log = File::create(self.directory.path().join("log")).expect("there is room for it");
        let also = log.try_clone().expect("there are descriptors");
        let child = Command::new("nats-server")
            .args(["-a", "127.0.0.1", "-p", &self.port.to_string()])
            .arg("-sd")
            .arg(self.directory.path().join("store"))
            .args(&self.words)
            .stdin(Stdio::null())
            .stdout(also)
            .stderr(log)
            .spawn();
        self.child = Some(child.expect("it is installed"));
    }

    /// Waits until it listens.
    ///
    /// # Panics
    ///
    /// When it does not.
    pub fn is_ready(&self) {
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(began.elapsed() < SOON, "{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What it has said.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// The number of its process, while it runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Ends it as `kill -9` does.
    ///
    /// # Panics
    ///
    /// When the machine refuses.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it is a child");
            child.wait().expect("nobody else waits for it");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Three servers that keep each message three times; none where they are not installed.
#[must_use]
pub fn cluster() -> Option<[Server; 3]> {
    if !is_there() {
        return None;
    }
    let ports: [(u16, u16); 3] = std::array::from_fn(|_| (free_port(), free_port()));
    let routes = ports
        .map(|(_, route)| format!("nats://127.0.0.1:{route}"))
        .join(",");
    let server = |number: usize, (port, route): (u16, u16)| {
        let name = format!("s{number}");
        let cluster = format!("nats://127.0.0.1:{route}");
        let words = [
            "-js",
            "-n",
            &name,
            "--cluster_name",
            "fleet",
            "--cluster",
            &cluster,
            "--routes",
            &routes,
        ];
        Server::on(port, &words)
    };
    Some([
        server(0, ports[0]),
        server(1, ports[1]),
        server(2, ports[2]),
    ])
}
