//! What is given to operators: the Debian package, the image, the manifest, and that a machine which has
//! only these serves.
//!
//! Nothing is installed on this machine: packages go into a copy of its system, containers into a storage of
//! their own.

#![allow(clippy::unwrap_used, reason = "all of it is tests")]
#![cfg(target_os = "linux")]

mod debian;
mod image;
mod kubernetes;
mod machine;

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use assert_cmd::assert::OutputAssertExt as _;
use e2e::http::Client;
use serde_json::{Value, json};

/// How long what is started here may take.
const SOON: Duration = Duration::from_secs(120);

/// Runs a command to its end, and returns what it printed, its errors behind the rest.
fn run(command: Command) -> Result<String, String> {
    let shown = format!("{command:?}");
    let output = assert_cmd::Command::from_std(command)
        .timeout(SOON)
        .output();
    let output = output.map_err(|err| format!("{shown}: {err}"))?;
    let text = text_of(&output);
    let code = output.status.code();
    drop(output.assert());
    if code == Some(0) {
        Ok(text)
    } else {
        Err(format!("{shown}: {code:?}: {text}"))
    }
}

fn text_of(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// One of the files that make packages, which take what `e2e::built` has made.
fn packaging(script: &str, args: &[&str]) -> Command {
    // What it takes.
    e2e::built();
    let mut command = Command::new(e2e::workspace().join("packaging").join(script));
    command
        .args(["--profile", "dev", "--no-build"])
        .args(args)
        .env("CARGO_TARGET_DIR", e2e::target_dir());
    // What the outer cargo says of the tests is not so of the program.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&*name);
        }
    }
    command
}

/// The spec of a script for the shell.
fn shell(script: &str) -> Value {
    let mode = json!({ "command": { "command": "sh", "args": ["-c", script] } });
    json!({ "slot": "packages", "timeout": 60_000, "kind": { "subprocess": { "mode": mode } } })
}

/// Waits until a service answers that it takes tasks.
fn until_ready(client: &Client) {
    let ready = || client.try_send("GET", "/readyz", &[], b"").ok();
    until("the service is ready", || {
        ready().filter(|answer| answer.status == 200).map(drop)
    });
}

/// Waits until there is something.
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < SOON, "still waiting: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Has a script run, and returns the name of its task.
fn submit(client: &Client, script: &str) -> String {
    let spec = shell(script).to_string();
    let answer = client.send("POST", "/v1/tasks", &[], spec.as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["name"].as_str().unwrap().to_owned()
}

/// Has a script run to its end, and returns its phase and what it wrote.
fn task(client: &Client, script: &str) -> (String, String) {
    let name = submit(client, script);
    ended(client, &name)
}

/// Waits for the end of a task, and returns its phase and what it wrote.
fn ended(client: &Client, name: &str) -> (String, String) {
    let path = format!("/v1/tasks/{name}");
    let phase = until("the task has ended", || {
        let task = client.send("GET", &path, &[], b"").json();
        let phase = task["phase"].as_str().unwrap().to_owned();
        task["ended"].is_string().then_some(phase)
    });
    let output = client.send("GET", &format!("{path}/output"), &[], b"");
    (phase, output.text())
}
