//! `cargo demo serve`: the service at work.
//!
//! Starts it, runs tasks over HTTP, kills it as a machine that fails would, starts it again, and looks
//! whether anything is lost.

use std::error::Error;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use e2e::http::Client;
use e2e::{PLUGIN_SUFFIX, Profile};
use serde_json::{Value, json};

use super::{say, short, show as show_command, styles};

/// How long a task of the demo may take.
const SOON: Duration = Duration::from_secs(30);

/// A service that runs; killed with the demo.
struct Service {
    child: Child,
    client: Client,
}

/// Shows it, and whether it went as it was meant to.
pub(super) fn show() -> Result<ExitCode, Box<dyn Error>> {
    say("Building a plugin and the host");
    // Not as it is shipped: that takes twice as long. Nor is gRPC shown.
    let packages = ["subprocess", "solti-host"];
    let built = e2e::build(&packages, Profile::Release, &e2e::target_dir(), |cargo| {
        cargo.args(["--no-default-features", "--features", "solti-host/serve"]);
    });
    let scratch = tempfile::tempdir()?;
    let (plugins, state) = (scratch.path().join("plugins"), scratch.path().join("state"));
    fs::create_dir(&plugins)?;
    fs::set_permissions(&plugins, fs::Permissions::from_mode(0o755))?;
    let plugin = plugins.join(format!("subprocess.{PLUGIN_SUFFIX}"));
    fs::copy(&built.plugins["subprocess"], &plugin)?;
    let program = &built.programs["solti-host"];

    say("A service, on a socket in its state directory");
    let mut service = Service::start(program, &plugins, &state)?;
    say("A task that is read after it has ended");
    let greet = service.submit(&task("greet", "echo hello, from a task"), &[]);
    service.wait(&greet, "succeeded")?;
    let hello = service.ask("GET", &format!("/v1/tasks/{greet}/output"), None);
    say("A million lines, written as fast as they can be, of which the last three are asked for");
    let count = service.submit(&task("count", "seq 1000000"), &[]);
    service.wait(&count, "succeeded")?;
    let last = service.ask("GET", &format!("/v1/tasks/{count}/output?tail=3"), None);
    let replaced = replace(&service, &plugin)?;
    say("Two tasks that run: one may run again if it is interrupted, the other may not");
    let script = "echo \"run of $(date +%T)\"; sleep 3";
    let again = service.submit(&task("again", script), &[("onInterrupt", "rerun")]);
    let once = service.submit(&task("once", script), &[]);
    service.wait(&again, "running")?;
    service.wait(&once, "running")?;
    service.until_written(&again)?;

    say("The service is killed, as by a machine that fails, and another is started");
    println!("$ kill -9 {}", service.child.id());
    service.child.kill()?;
    service.child.wait()?;
    let service = Service::start(program, &plugins, &state)?;
    service.wait(&again, "succeeded")?;
    service.wait(&once, "interrupted")?;
    let both = service.ask("GET", &format!("/v1/tasks/{again}/output"), None);
    let tasks = service.client.send("GET", "/v1/tasks", &[], b"").text();
    let tasks: Value = serde_json::from_str(&tasks)?;
    let kept = tasks["tasks"].as_array().map_or(0, Vec::len);

    println!();
    let went_well = hello == "hello, from a task\n"
        && last == "999998\n999999\n1000000\n"
        && both.lines().count() == 2
        && replaced
        && kept == 4 + WHILE_REPLACED;
    if went_well {
        println!("{kept} tasks were acknowledged and {kept} are there: nothing is lost.");
        Ok(ExitCode::SUCCESS)
    } else {
        println!("The demo went wrong: {kept} tasks are there.");
        Ok(ExitCode::FAILURE)
    }
}

/// How many tasks run while the plugin is replaced.
const WHILE_REPLACED: usize = 40;

/// Puts another build of the plugin in the place of the one that runs, while tasks come; whether all of them
/// have succeeded.
fn replace(service: &Service, plugin: &Path) -> Result<bool, Box<dyn Error>> {
    say("Another build of the plugin is put in its place, while forty tasks come");
    let digest = || {
        let plugins = service.client.send("GET", "/v1/plugins", &[], b"").json();
        plugins["plugins"][0]["sha256"].as_str().unwrap_or_default()[..12].to_owned()
    };
    let before = digest();
    let mut bytes = fs::read(plugin)?;
    // What stands behind a library is no part of it, but makes it another file.
    bytes.push(0);
    let mut names = Vec::new();
    for number in 0..WHILE_REPLACED {
        if number == WHILE_REPLACED / 2 {
            let unfinished = plugin.with_extension("part");
            fs::write(&unfinished, &bytes)?;
            fs::set_permissions(&unfinished, fs::Permissions::from_mode(0o755))?;
            println!("$ mv {} {}", short(&unfinished), short(plugin));
            fs::rename(unfinished, plugin)?;
        }
        let spec = task(&format!("slot-{number}"), "sleep 0.1").to_string();
        let answer = service
            .client
            .send("POST", "/v1/tasks", &[], spec.as_bytes())
            .json();
        names.push(answer["name"].as_str().unwrap_or_default().to_owned());
        sleep(Duration::from_millis(10));
    }
    let began = Instant::now();
    while digest() == before && began.elapsed() < SOON {
        sleep(Duration::from_millis(20));
    }
    println!("  subprocess {before} is replaced by {}", digest());
    let phase_of = |name: &String| loop {
        let task = service
            .client
            .send("GET", &format!("/v1/tasks/{name}"), &[], b"")
            .json();
        if task["ended"].is_string() || began.elapsed() > SOON {
            break task["phase"].as_str().unwrap_or_default().to_owned();
        }
        sleep(Duration::from_millis(20));
    };
    let succeeded = names
        .iter()
        .filter(|name| phase_of(name) == "succeeded")
        .count();
    println!("  {succeeded} of {WHILE_REPLACED} tasks have succeeded");
    Ok(succeeded == WHILE_REPLACED && digest() != before)
}

impl Service {
    fn start(program: &Path, plugins: &Path, state: &Path) -> Result<Self, Box<dyn Error>> {
        let mut command = Command::new(program);
        command.arg("serve").arg("--plugins").arg(plugins);
        command.arg("--state").arg(state);
        show_command(&command);
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().ok_or("standard output is a pipe")?;
        let mut ready = String::new();
        BufReader::new(stdout).read_line(&mut ready)?;
        print!("{ready}");
        if !ready.starts_with("ready on ") {
            return Err("the service is not ready".into());
        }
        let client = Client::Unix(state.join("service.sock"));
        Ok(Self { child, client })
    }

    /// Has a task run, and returns its name.
    fn submit(&self, task: &Value, beside: &[(&str, &str)]) -> String {
        let mut task = task.clone();
        for (field, value) in beside {
            task[*field] = json!(value);
        }
        let answer = self.ask("POST", "/v1/tasks", Some(&task));
        let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
        answer["name"].as_str().unwrap_or_default().to_owned()
    }

    /// Waits until a task is in a phase.
    fn wait(&self, name: &str, phase: &str) -> Result<(), String> {
        let began = Instant::now();
        loop {
            let answer = self
                .client
                .send("GET", &format!("/v1/tasks/{name}"), &[], b"");
            let found = answer.json()["phase"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            if found == phase {
                println!("  {name} is {phase}");
                return Ok(());
            }
            if began.elapsed() > SOON {
                return Err(format!("{name} should be {phase}, and is {found}"));
            }
            sleep(Duration::from_millis(20));
        }
    }

    /// Waits until a task has written something.
    fn until_written(&self, name: &str) -> Result<(), String> {
        let began = Instant::now();
        let path = format!("/v1/tasks/{name}/output");
        while self.client.send("GET", &path, &[], b"").body.is_empty() {
            if began.elapsed() > SOON {
                return Err(format!("{name} should have written something"));
            }
            sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Asks what a person would ask with curl, and returns the answer.
    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> String {
        let (dim, plain) = styles("\x1b[2m");
        let data = body.map(|body| format!(" -d '{body}'")).unwrap_or_default();
        let socket = match &self.client {
            Client::Unix(path) => short(path),
            Client::Tcp(address) => address.to_string(),
        };
        println!("{dim}$ curl --unix-socket {socket} http://localhost{path}{data}{plain}");
        let body = body.map(ToString::to_string).unwrap_or_default();
        let text = self.client.send(method, path, &[], body.as_bytes()).text();
        println!("{}", text.trim_end());
        text
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A task that runs a script, in its slot.
fn task(slot: &str, script: &str) -> Value {
    let mode = json!({ "command": { "command": "sh", "args": ["-c", script] } });
    json!({ "slot": slot, "timeout": "30s", "kind": { "subprocess": { "mode": mode } } })
}
