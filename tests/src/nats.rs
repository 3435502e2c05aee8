//! Servers of NATS on loopback, which end with who has started them.

use std::fs::{self, File};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::ports;

/// How long a server gets until it listens.
const SOON: Duration = Duration::from_secs(30);

/// A server that runs, or can be started again; killed with its value.
#[derive(Debug)]
pub struct Server {
    child: Option<Child>,
    directory: TempDir,
    port: u16,
    words: Vec<String>,
    /// What holds the mounts of a server with a disk of its own.
    disk: Option<Child>,
}

/// A port for a server.
///
/// # Panics
///
/// When the machine has none that is free.
#[must_use]
pub fn free_port() -> u16 {
    ports::free().expect("loopback has ports")
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
        let mut server = Self::not_started(port, words);
        server.run();
        server.is_ready();
        server
    }

    /// A server with JetStream that takes its disk for a large one, and whose disk has this size, such as
    /// `16m`; none where it is not installed, or this user may mount nothing.
    ///
    /// # Panics
    ///
    /// When it does not start.
    #[must_use]
    pub fn on_small_disk(size: &str) -> Option<Self> {
        if !is_there() || !crate::may_mount() {
            return None;
        }
        let mut server = Self::not_started(free_port(), &[]);
        let at = |name: &str| server.directory.path().join(name);
        fs::create_dir(at("store")).expect("it is not there yet");
        let settings = format!(
            "jetstream {{ store_dir: {:?}, max_file_store: 4GB }}\n",
            at("store")
        );
        fs::write(at("settings"), settings).expect("there is room for it");
        server.words = vec!["-c".to_owned(), at("settings").display().to_string()];
        let script =
            format!("mount -t tmpfs -o size={size} tmpfs \"$0\" && echo ready && exec sleep 900");
        let mut disk = Command::new("unshare")
            .args(["-m", "sh", "-c", &script])
            .arg(at("store"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare was there just now");
        let mut ready = [0; 5];
        let stdout = disk.stdout.as_mut().expect("it is a pipe");
        std::io::Read::read_exact(stdout, &mut ready).expect("the disk is mounted");
        server.disk = Some(disk);
        server.run();
        server.is_ready();
        Some(server)
    }

    fn not_started(port: u16, words: &[&str]) -> Self {
        Self {
            child: None,
            directory: tempfile::tempdir().expect("there is room for temporary files"),
            port,
            words: words.iter().map(|it| (*it).to_owned()).collect(),
            disk: None,
        }
    }

    /// How many bytes are free on its own disk.
    ///
    /// # Panics
    ///
    /// When it has none.
    #[must_use]
    pub fn room(&self) -> u64 {
        let mut df = self.beside_disk("df");
        let df = df.args(["-B1", "--output=avail"]);
        let output = df.arg(self.directory.path().join("store")).output();
        let text = String::from_utf8(output.expect("df is everywhere").stdout);
        let text = text.expect("it prints numbers");
        let last = text
            .lines()
            .last()
            .and_then(|line| line.trim().parse().ok());
        last.expect("it prints the room last")
    }

    /// Gives its own disk another size.
    ///
    /// # Panics
    ///
    /// When the machine refuses.
    pub fn more_room(&self, size: &str) {
        let options = format!("remount,size={size}");
        let mut mount = self.beside_disk("mount");
        let mount = mount
            .args(["-o", &options])
            .arg(self.directory.path().join("store"));
        assert!(mount.status().expect("mount is everywhere").success());
    }

    /// A program that sees the disk of the server.
    fn beside_disk(&self, program: &str) -> Command {
        let Some(disk) = &self.disk else {
            return Command::new(program);
        };
        let mut command = Command::new("nsenter");
        command.args(["-t", &disk.id().to_string(), "-m", program]);
        command
    }

    /// Starts it, for the first time or again, with what it has kept.
    ///
    /// # Panics
    ///
    /// When it is not installed.
    pub fn run(&mut self) {
        let log = File::create(self.directory.path().join("log")).expect("there is room for it");
        let also = log.try_clone().expect("there are descriptors");
        let mut command = self.beside_disk("nats-server");
        command.args(["-a", "127.0.0.1", "-p", &self.port.to_string()]);
        if self.disk.is_none() {
            let store = self.directory.path().join("store");
            command.arg("-sd").arg(store);
        }
        let child = command
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
        if let Some(mut disk) = self.disk.take() {
            // One that has ended needs neither.
            let _ = disk.kill();
            let _ = disk.wait();
        }
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
