//! A real ssh server on this machine, for the user who runs the tests, and what its clients need. Nothing of
//! it is outside of one directory, and nothing stays when it is dropped.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::ports;

/// Where Debian has the program, which is in no user's `PATH`.
const PROGRAM: &str = "/usr/sbin/sshd";

/// Where it wants to find an empty directory when root starts it.
const EMPTY: &str = "/run/sshd";

/// How often another port is tried: a free one may be taken before the server has it.
const PORTS: usize = 10;

/// How long it may take to listen.
const SOON: Duration = Duration::from_secs(20);

/// A server with a user's key and its own.
#[derive(Debug)]
pub struct Sshd {
    /// Where its clients find it, on 127.0.0.1.
    pub port: u16,
    server: Child,
    directory: TempDir,
}

impl Sshd {
    /// Starts one.
    ///
    /// # Errors
    ///
    /// Why that does not work here.
    pub fn start() -> Result<Self, String> {
        if !Path::new(PROGRAM).exists() {
            return Err(format!("there is no {PROGRAM}"));
        }
        let directory = tempfile::tempdir().map_err(|err| err.to_string())?;
        for key in ["host", "user", "stranger"] {
            make_key(&directory.path().join(key))?;
        }
        let failed = |err: io::Error| format!("its files cannot be written: {err}");
        let at = |name: &str| directory.path().join(name);
        fs::copy(at("user.pub"), at("authorized_keys")).map_err(failed)?;
        // In the place of what this user and this machine have.
        fs::write(at("ssh_config"), "IdentitiesOnly yes\n").map_err(failed)?;
        for _ in 0..PORTS {
            let port = ports::free().map_err(|err| format!("no port is free: {err}"))?;
            fs::write(at("sshd_config"), configuration(directory.path(), port)).map_err(failed)?;
            let key = fs::read_to_string(at("host.pub")).map_err(failed)?;
            fs::write(at("known_hosts"), format!("[127.0.0.1]:{port} {key}")).map_err(failed)?;
            if let Some(server) = listening(directory.path())? {
                return Ok(Self {
                    port,
                    server,
                    directory,
                });
            }
        }
        Err(format!("none of {PORTS} ports stayed free"))
    }

    /// A file of its directory: `user` is the key that it takes, `stranger` one that it does not,
    /// `known_hosts` has its own.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// What the plugin is to be told for its clients to be let in.
    #[must_use]
    pub fn plugin_config(&self) -> String {
        format!(
            "user = {:?}\nport = {}\nidentity_file = {:?}\nknown_hosts = {:?}\nconfig_file = {:?}",
            user(),
            self.port,
            self.file("user"),
            self.file("known_hosts"),
            self.file("ssh_config"),
        )
    }

    /// The processes that serve its connections, one for each.
    #[must_use]
    pub fn connections(&self) -> Vec<u32> {
        children(self.server.id())
    }

    /// Sends these processes a signal, such as `KILL`.
    pub fn signal_connections(&self, signal: &str) {
        for pid in self.connections() {
            send(signal, pid);
        }
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        // First, so that no connection comes meanwhile.
        send("STOP", self.server.id());
        let connections = self.connections();
        let below = connections.iter().flat_map(|pid| children(*pid));
        for pid in below.chain(connections.iter().copied()) {
            send("KILL", pid);
        }
        // An error would mean that it has ended already.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The name of the user who runs this.
#[must_use]
pub fn user() -> String {
    let id = Command::new("id").arg("-un").output();
    let id = id.map_or_else(|_| Vec::new(), |output| output.stdout);
    String::from_utf8_lossy(&id).trim().to_owned()
}

fn configuration(directory: &Path, port: u16) -> String {
    let at = |name: &str| directory.join(name).display().to_string();
    format!(
        "ListenAddress 127.0.0.1:{port}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\n\
         StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
         PermitRootLogin prohibit-password\nMaxStartups 200\nPrintMotd no\nSetEnv HOME={}\n",
        at("host"),
        at("authorized_keys"),
        // What this user's shell reads when it is started is none of the tests' business.
        directory.display(),
    )
}

/// The server, once it listens; `None` where another has its port.
fn listening(directory: &Path) -> Result<Option<Child>, String> {
    let log = directory.join("log");
    let mut server = command(&directory.join("sshd_config"), &log)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|err| format!("{PROGRAM} cannot be started: {err}"))?;
    let began = Instant::now();
    loop {
        let said = fs::read_to_string(&log).unwrap_or_default();
        let ended = server.try_wait().map_err(|err| err.to_string())?;
        if said.contains("Server listening on") && ended.is_none() {
            return Ok(Some(server));
        }
        if ended.is_some() && said.contains("Address already in use") {
            return Ok(None);
        }
        if ended.is_some() || began.elapsed() > SOON {
            let _ = server.kill();
            let _ = server.wait();
            return Err(format!("{PROGRAM} does not listen: {said}"));
        }
        sleep(Duration::from_millis(10));
    }
}

fn command(config: &Path, log: &Path) -> Command {
    let options = ["-D", "-E"].map(Into::into);
    let options = options
        .into_iter()
        .chain([log.into(), "-f".into(), config.into()]);
    let options: Vec<std::ffi::OsString> = options.collect();
    let must_make = user() == "root" && !Path::new(EMPTY).exists();
    // Where that may be done, no other process gets to see the directory.
    let in_private = must_make && may_unshare();
    let mut command = if in_private {
        let script =
            format!("mount -t tmpfs none /run && mkdir -m 755 {EMPTY} && exec {PROGRAM} \"$@\"");
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", &script, "sshd"]);
        command
    } else {
        if must_make {
            // It stays, as that of the package would.
            let _ = fs::create_dir(EMPTY);
        }
        Command::new(PROGRAM)
    };
    command.args(options);
    command
}

fn may_unshare() -> bool {
    let tried = Command::new("unshare").args(["-m", "true"]).output();
    tried.is_ok_and(|output| output.status.success())
}

fn make_key(file: &Path) -> Result<(), String> {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"])
        .arg(file)
        .output()
        .map_err(|err| format!("ssh-keygen cannot be started: {err}"))?;
    match made.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&made.stderr).into_owned()),
    }
}

fn children(pid: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let children = children.unwrap_or_default();
    let numbers = children.split_whitespace();
    numbers.filter_map(|number| number.parse().ok()).collect()
}

fn send(signal: &str, pid: u32) {
    let kill = Command::new("kill")
        .args(["-s", signal, &pid.to_string()])
        .status();
    // One that has ended meanwhile needs none.
    drop(kill);
}
