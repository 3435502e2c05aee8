//! A process that takes tasks over HTTP: the service, or the published line as an agent.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use benches::plugins;
use benches::process::{first_line, http_address};
use e2e::Profile;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long an answer may take.
const SOON: Duration = Duration::from_secs(600);

/// How often it is asked whether tasks have ended.
const LOOK: Duration = Duration::from_millis(20);

/// What is started: built once, with the plugin that the service loads.
pub(super) struct Programs {
    pub(super) host: PathBuf,
    agent: PathBuf,
    pub(super) plugins: TempDir,
}

impl Programs {
    pub(super) fn build() -> Self {
        // Not as it is shipped: the service alone takes minutes to link then.
        let packages = ["solti-host", "benches"];
        let built = e2e::build(&packages, Profile::Release, &e2e::target_dir(), |_| {});
        Self {
            host: built.programs["solti-host"].clone(),
            agent: built.programs["published_agent"].clone(),
            plugins: plugins::directory_with("subprocess"),
        }
    }
}

/// A process that takes tasks over HTTP; killed with its value.
pub(super) struct Agent {
    pub(super) child: Child,
    client: Client,
}

impl Agent {
    /// The service, with what it is to keep in `state`.
    pub(super) fn service(programs: &Programs, state: &Path, settings: &str) -> Self {
        Self::service_in(programs, programs.plugins.path(), state, settings)
    }

    /// The same with another directory of plugins.
    pub(super) fn service_in(
        programs: &Programs,
        plugins: &Path,
        state: &Path,
        settings: &str,
    ) -> Self {
        let config = state.with_extension("toml");
        fs::write(&config, settings).expect("there is room for it");
        let mut command = Command::new(&programs.host);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--plugins"])
            .arg(plugins)
            .arg("--state")
            .arg(state)
            .arg("--config")
            .arg(config);
        let (child, ready) = start(command);
        let address = http_address(&ready);
        let token = fs::read_to_string(state.join("token")).expect("it was made just now");
        let client = Client::new(Side::Service, address, Some(token.trim().to_owned()));
        Self { child, client }
    }

    /// The published line.
    pub(super) fn published(programs: &Programs) -> Self {
        let (child, address) = start(Command::new(&programs.agent));
        let client = Client::new(Side::Published, address.trim(), None);
        Self { child, client }
    }

    /// A client of it, with connections of its own.
    pub(super) fn client(&self) -> Client {
        let of = &self.client;
        Client::new(of.side, &of.address, of.token.clone())
    }

    /// Resident memory, in MB.
    pub(super) fn memory(&self) -> f64 {
        e2e::process::resident(self.child.id()).expect("it runs")
    }

    /// Waits until every task has ended.
    pub(super) fn wait_for_all(&self) {
        let began = Instant::now();
        while self.client.is_busy() {
            assert!(began.elapsed() < SOON, "tasks do not end");
            std::thread::sleep(LOOK);
        }
    }

    /// Ends it as the machine would.
    pub(super) fn kill(self) {
        drop(self);
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // One that has ended needs neither.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(mut command: Command) -> (Child, String) {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it was built just now");
    let ready = first_line(&mut child);
    (child, ready)
}

#[derive(Clone, Copy)]
enum Side {
    Service,
    Published,
}

/// A client, whose connections stay open.
pub(super) struct Client {
    side: Side,
    address: String,
    token: Option<String>,
    http: ureq::Agent,
}

impl Client {
    fn new(side: Side, address: &str, token: Option<String>) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(SOON));
        Self {
            side,
            address: address.to_owned(),
            token,
            http: config.build().into(),
        }
    }

    /// Has a command run; whether that was acknowledged.
    pub(super) fn try_submit(&self, name: &str, command: &[&str]) -> bool {
        let (program, args) = command.split_first().expect("a command has a program");
        let mode = json!({ "command": { "command": program, "args": args } });
        let (path, body) = match self.side {
            Side::Service => {
                let kind = json!({ "subprocess": { "mode": mode } });
                let spec = json!({ "name": name, "slot": name, "timeout": 600_000, "kind": kind });
                ("/v1/tasks", spec)
            }
            Side::Published => ("/apis/solti.io/v1/tasks", manifest(name, &mode)),
        };
        let mut request = self
            .http
            .post(format!("http://{}{path}", self.address))
            .content_type("application/json");
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let Ok(mut answer) = request.send(body.to_string()) else {
            return false;
        };
        let read = answer.body_mut().read_to_vec();
        answer.status() == 201 && read.is_ok()
    }

    /// Has a command run.
    pub(super) fn submit(&self, name: &str, command: &[&str]) {
        assert!(self.try_submit(name, command), "{name} is not taken");
    }

    /// Whether something is there.
    pub(super) fn has(&self, path: &str) -> bool {
        self.call(path).status() == 200
    }

    /// Where it is, and its token.
    pub(super) fn address(&self) -> (&str, &str) {
        (&self.address, self.token.as_deref().unwrap_or_default())
    }

    /// The body of an answer.
    pub(super) fn get(&self, path: &str) -> impl Read + use<> {
        let answer = self.call(path);
        assert_eq!(answer.status(), 200, "{path}");
        answer.into_body().into_reader()
    }

    fn call(&self, path: &str) -> ureq::http::Response<ureq::Body> {
        let mut request = self.http.get(format!("http://{}{path}", self.address));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        request.call().expect("it answers")
    }

    /// The body of an answer, as JSON.
    pub(super) fn json(&self, path: &str) -> Value {
        serde_json::from_reader(self.get(path)).expect("it is JSON")
    }

    /// Whether there is a task that has not ended.
    fn is_busy(&self) -> bool {
        match self.side {
            Side::Service => {
                let open = self.json("/v1/tasks?ended=false&limit=1");
                open["tasks"]
                    .as_array()
                    .is_some_and(|open| !open.is_empty())
            }
            Side::Published => ["pending", "running"].iter().any(|phase| {
                let path = format!("/apis/solti.io/v1/tasks?phase={phase}&limit=1");
                let open = self.json(&path);
                open["items"]
                    .as_array()
                    .is_some_and(|open| !open.is_empty())
            }),
        }
    }
}

/// A task as the published line takes it: every field has to be there.
fn manifest(name: &str, mode: &Value) -> Value {
    json!({
        "apiVersion": "solti.io/v1", "kind": "Task",
        "metadata": { "name": name },
        "spec": {
            "slot": name, "timeout": 600_000, "restart": { "type": "never" }, "admission": "queue",
            "backoff": { "firstMs": 1000, "maxMs": 5000, "factor": 2.0, "jitter": "none" },
            "workload": { "apiVersion": "solti.io/v1", "kind": "Subprocess", "spec": {
                "mode": mode, "failOnNonZero": true } },
        },
    })
}
