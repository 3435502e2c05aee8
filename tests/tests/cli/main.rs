//! The program `solti-host`: what a person, and a script, can rely on.

#![allow(clippy::unwrap_used, reason = "all of it is tests")]

#[cfg(all(target_os = "linux", not(target_arch = "aarch64")))]
mod aarch64;
mod bad_input;
mod bounded;
mod config;
#[cfg(target_os = "linux")]
mod conform;
#[cfg(target_os = "linux")]
mod dev;
mod docs;
mod documents;
#[cfg(target_os = "linux")]
#[path = "../support/elf.rs"]
mod elf;
mod ended;
mod ending;
mod exec;
mod exit_codes;
#[cfg(target_os = "linux")]
mod fatal;
mod fleet;
#[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
mod frozen;
#[cfg(target_os = "linux")]
mod init;
mod inspect;
mod json;
#[cfg(target_os = "linux")]
mod killed;
#[cfg(target_os = "linux")]
mod limits;
mod list;
mod metrics;
mod narrow;
mod new;
mod own_kinds;
mod pack;
mod policies;
mod quiet;
mod raw_text;
mod remote;
mod retired;
mod room;
mod run;
mod serve;
mod specs;
mod stamps;
mod stop;
mod terminal;
mod warnings;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use assert_cmd::assert::OutputAssertExt as _;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long the program may take for what it does at once.
const SOON: Duration = Duration::from_secs(60);

/// A plugin directory, and a place for spec files.
struct Place {
    directory: TempDir,
}

/// What the program printed and how it ended.
#[derive(Debug)]
struct Ended {
    stdout: String,
    stderr: String,
    code: Option<i32>,
}

impl Place {
    /// A directory with the plugins of these packages.
    fn with(packages: &[&str]) -> Self {
        // What the tests write must not be open to others, or it is refused for that.
        rustix::process::umask(rustix::fs::Mode::from(0o022));
        let place = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(place.plugins()).unwrap();
        for package in packages {
            e2e::install(package, &place.plugins(), package);
        }
        place
    }

    fn plugins(&self) -> PathBuf {
        self.directory.path().join("plugins")
    }

    /// Writes a file beside the plugin directory and returns its path.
    fn file(&self, name: &str, content: impl ToString) -> String {
        let path = self.directory.path().join(name);
        fs::write(&path, content.to_string()).unwrap();
        path.display().to_string()
    }

    /// `solti-host run` with these words.
    fn run(&self, words: &[&str]) -> Command {
        self.command("run", words)
    }

    /// `solti-host exec` with these words.
    fn exec(&self, words: &[&str]) -> Command {
        self.command("exec", words)
    }

    fn command(&self, subcommand: &str, words: &[&str]) -> Command {
        let mut command = solti_host();
        command.arg(subcommand).arg("--plugins").arg(self.plugins());
        command.args(words);
        command
    }

    /// Runs these specs, printed as JSON, and returns the events and the summary.
    fn run_json(&self, specs: &Value, words: &[&str]) -> (Vec<Value>, Value) {
        let specs = self.file("specs.json", specs);
        let ended = end(self.run(words).args(["--json", &specs]));
        assert!(matches!(ended.code, Some(0 | 1)), "{ended:?}");
        objects(&ended.stdout)
    }
}

/// The program, without what the environment of the tests would change.
fn solti_host() -> Command {
    let mut command = Command::new(e2e::solti_host());
    for variable in [
        "RUST_LOG",
        "SOLTI_PLUGINS",
        "NO_COLOR",
        "CLICOLOR_FORCE",
        "COLUMNS",
        "TERM",
        "LC_ALL",
        "LC_CTYPE",
        "LANG",
    ] {
        command.env_remove(variable);
    }
    command.stdin(Stdio::null());
    command
}

/// Runs a command to its end.
fn end(command: &mut Command) -> Ended {
    end_with_input(command, "")
}

/// Runs a command to its end, with this standard input.
fn end_with_input(command: &mut Command, input: &str) -> Ended {
    end_within(SOON, command, input)
}

/// The same, of what may take longer.
fn end_within(limit: Duration, command: &mut Command, input: &str) -> Ended {
    let command = std::mem::replace(command, Command::new("true"));
    let output = assert_cmd::Command::from_std(command)
        .timeout(limit)
        .write_stdin(input)
        .output()
        .unwrap();
    let code = output.status.code();
    let assert = output.assert();
    let output = assert.get_output();
    Ended {
        stdout: String::from_utf8(output.stdout.clone()).unwrap(),
        stderr: String::from_utf8(output.stderr.clone()).unwrap(),
        code,
    }
}

/// The objects of JSON lines: the events, and the summary, which is the last.
fn objects(stdout: &str) -> (Vec<Value>, Value) {
    let mut objects: Vec<Value> = stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let summary = objects.pop().unwrap();
    assert_eq!(summary["type"], "summary");
    (objects, summary)
}

/// A program that is talked to while it runs; killed when the test ends before it.
struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Running {
    /// Starts a command; its standard output is read line by line.
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines() {
                if sender.send(line.unwrap()).is_err() {
                    return;
                }
            }
        });
        Self {
            stdin: child.stdin.take(),
            child,
            lines,
        }
    }

    /// Writes a spec to its standard input.
    fn submit(&mut self, spec: &Value) {
        let stdin = self.stdin.as_mut().unwrap();
        writeln!(stdin, "{spec}").unwrap();
    }

    /// The next line of standard output.
    fn line(&self) -> String {
        self.line_within(SOON)
    }

    fn line_within(&self, limit: Duration) -> String {
        self.lines.recv_timeout(limit).unwrap_or_else(|err| {
            let mut said = [0; 4096];
            let stderr = self.child.stderr.as_ref();
            let stderr = stderr.filter(|_| err == std::sync::mpsc::RecvTimeoutError::Disconnected);
            let len = stderr.and_then(|it| rustix::io::read(it, &mut said).ok());
            let said = String::from_utf8_lossy(&said[..len.unwrap_or(0)]);
            panic!("a line comes soon: {err}: {said}")
        })
    }

    /// Returns when it has taken the signal: two of a kind that come before that are one.
    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
        let began = Instant::now();
        while signals(self.child.id(), "ShdPnd:") >> (signal.as_raw() - 1) & 1 == 1 {
            assert!(began.elapsed() < SOON, "it takes no signal");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Closes standard input, waits for the end, and returns its code and standard error.
    fn end(mut self) -> (Option<i32>, String) {
        drop(self.stdin.take());
        let mut stderr = self.child.stderr.take().unwrap();
        let (sender, text) = channel();
        std::thread::spawn(move || {
            let mut text = String::new();
            std::io::Read::read_to_string(&mut stderr, &mut text).unwrap();
            sender.send(text).ok();
        });
        let text = text.recv_timeout(SOON).expect("it ends soon");
        (self.child.wait().unwrap().code(), text)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The signals of a program that the system lists under this name, a bit for each; none of one that has
/// ended.
fn signals(program: u32, list: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{program}/status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix(list));
    mask.map_or(0, |mask| u64::from_str_radix(mask.trim(), 16).unwrap())
}

/// A spec that runs `hello`.
fn hello(slot: &str, name: &str) -> Value {
    command(slot, "hello", &[name])
}

/// A spec that hands `script` to `sh -c`.
fn shell(slot: &str, script: &str) -> Value {
    command(slot, "sh", &["-c", script])
}

/// A spec of a command.
fn command(slot: &str, command: &str, args: &[&str]) -> Value {
    let mode = json!({ "command": { "command": command, "args": args } });
    json!({ "slot": slot, "timeout": 60_000, "kind": { "subprocess": { "mode": mode } } })
}

/// `spec` with these fields as well.
fn with(mut spec: Value, fields: Value) -> Value {
    for (field, value) in fields.as_object().unwrap() {
        spec[field] = value.clone();
    }
    spec
}

/// The directory's text in messages.
fn shown(path: impl AsRef<Path>) -> String {
    path.as_ref().display().to_string()
}
