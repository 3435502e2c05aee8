//! The plugin `ssh`, loaded from its library, and a real server: what a user of it relies on.

mod config;
mod failure;
mod stop;

use std::fs;
use std::sync::OnceLock;

use e2e::Sshd;
use serde_json::{Map, Value, json};
use solti_model::StreamKind;
use solti_plugin_host::{PluginLoader, Spawn, Workload};
use taskvisor::{TaskError, TaskRef};
use tokio_util::sync::CancellationToken;

use crate::failed;
use crate::support::{Host, Line, SOON, command, directory_with, selecting, texts};

/// The kind of the plugin's own.
const KIND: &str = "example.com/v1/Ssh";

/// A server, and a host with the plugin, which it lets in.
struct Place {
    host: Host,
    sshd: Sshd,
}

impl Place {
    /// `None` where there is no server, which is said once.
    fn new() -> Option<Self> {
        Self::with("", |_| {})
    }

    /// With more configuration, after something was changed in the server's directory.
    fn with(config: &str, change: impl FnOnce(&Sshd)) -> Option<Self> {
        let sshd = server()?;
        change(&sshd);
        let host = host(&(sshd.plugin_config() + "\n" + config));
        Some(Self { host, sshd })
    }

    /// The task of these fields.
    fn build(&self, fields: Value) -> TaskRef {
        let built = self.host.router.build_workload(&task(fields));
        built.unwrap_or_else(|err| panic!("{err}"))
    }

    /// The end of a command, and its lines.
    async fn run(&self, command: &str) -> (Result<(), TaskError>, Vec<Line>) {
        let task = self.build(json!({ "command": command }));
        self.host.attempt(&task, CancellationToken::new()).await
    }

    /// The end of a task, and the details of its outcome.
    async fn outcome(&self, fields: Value) -> (Result<(), TaskError>, Map<String, Value>) {
        let task = self.build(fields);
        let attempt = Spawn::new(1).begin(&task, CancellationToken::new());
        let end = tokio::time::timeout(SOON, attempt.future).await;
        let details = attempt.control.outcome().details;
        (end.expect("it ends soon"), details)
    }
}

/// A server; `None` where there is none, which is said once.
fn server() -> Option<Sshd> {
    static WORKS: OnceLock<bool> = OnceLock::new();
    let mut tried = None;
    let works = *WORKS.get_or_init(|| {
        let started = Sshd::start();
        if let Err(reason) = &started {
            e2e::skip(&format!(
                "no other machine, as no ssh server works here: {reason}"
            ));
        }
        let works = started.is_ok();
        tried = started.ok();
        works
    });
    works.then(|| tried.unwrap_or_else(|| Sshd::start().unwrap()))
}

/// A host with the plugin and this table `config` in its sidecar.
fn host(config: &str) -> Host {
    let directory = directory_with(&["ssh"]);
    let sidecar = directory.path().join("ssh.toml");
    fs::write(sidecar, format!("[config]\n{config}\n")).unwrap();
    let host = Host::load(directory, PluginLoader::new());
    assert!(host.report.rejected().is_empty(), "{}", host.report);
    host
}

/// A task on this machine, unless it says otherwise.
fn task(mut fields: Value) -> Workload {
    if fields["host"].is_null() {
        fields["host"] = "127.0.0.1".into();
    }
    Workload::new("slot", KIND, 60_000_u64, fields)
}

#[tokio::test]
async fn thousands_of_lines_of_both_streams_come_in_order_and_none_of_them_is_ours() {
    let Some(place) = Place::new() else { return };
    let (end, lines) = place
        .run("seq 5000; seq 1000 >&2; printf 'no end' >&2")
        .await;
    end.unwrap();
    let of = |stream| {
        let lines = lines.iter().filter(move |line| line.stream == stream);
        lines.map(|line| line.text.clone()).collect::<Vec<_>>()
    };
    let numbers = |last: u32| (1..=last).map(|it| it.to_string());
    assert_eq!(of(StreamKind::Stdout), numbers(5000).collect::<Vec<_>>());
    let errors: Vec<_> = numbers(1000).chain(["no end".to_owned()]).collect();
    assert_eq!(of(StreamKind::Stderr), errors);
}

#[tokio::test]
async fn the_exit_code_of_the_command_is_the_task_s_whatever_ssh_uses_it_for() {
    let Some(place) = Place::new() else { return };
    let whom = format!("{}@127.0.0.1 port {}", e2e::sshd::user(), place.sshd.port);
    for code in [3, 127, 255] {
        let (end, _) = place.run(&format!("exit {code}")).await;
        let reason = format!("the command exited with code {code} on {whom}");
        assert_eq!(failed(end), (reason, Some(code)));
    }
    let (end, _) = place.run("kill -TERM $$").await;
    assert_eq!(failed(end).1, Some(143));
    let forgiven = json!({ "command": "exit 3", "failOnNonZero": false });
    let (end, details) = place.outcome(forgiven).await;
    end.unwrap();
    assert!(details["connectMs"].is_u64(), "{details:?}");
    let measured = place.host.report.plugin_metrics();
    let counted = "plugin_ssh_sessions_total{plugin=\"ssh\",end=\"failure\"} 5";
    assert!(measured.contains(counted), "{measured}");
}

#[tokio::test]
async fn arguments_and_variables_arrive_as_they_are_and_are_on_no_command_line_here() {
    let Some(place) = Place::new() else { return };
    let args = [
        "sh",
        "-c",
        "printf '<%s>' \"$@\" \"$KEY\"",
        "sh",
        "a b",
        "it's $HOME `id`",
        "",
        "-n",
    ];
    let task = place.build(json!({ "args": args, "env": { "KEY": "s3cret 'x'\n$y" } }));
    let (end, lines) = place.host.attempt(&task, CancellationToken::new()).await;
    end.unwrap();
    assert_eq!(
        texts(&lines),
        ["<a b><it's $HOME `id`><><-n><s3cret 'x'", "$y>"]
    );
    // The command line of the client is that of the process that the shell's server answers.
    let look = "for it in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$it | grep -a -- '-T -o BatchMode=yes'; done";
    let task = place.build(json!({ "command": look, "env": { "KEY": "s3cret" } }));
    let (_, lines) = place.host.attempt(&task, CancellationToken::new()).await;
    let port = format!("-p {} -- 127.0.0.1 exec sh", place.sshd.port);
    let shown: Vec<_> = texts(&lines)
        .into_iter()
        .filter(|line| line.contains(&port))
        .collect();
    assert!(!shown.is_empty(), "{lines:?}");
    assert!(
        shown
            .iter()
            .all(|line| !line.contains("s3cret") && !line.contains("cmdline")),
        "{shown:?}"
    );
}

#[tokio::test]
async fn a_command_does_the_same_where_the_task_selects_the_runner_and_only_there() {
    let Some(place) = Place::new() else { return };
    let plain = command(
        "slot",
        "ssh",
        &[
            "127.0.0.1",
            "echo from $FROM",
            r#"{"env": {"FROM": "here"}}"#,
        ],
    );
    assert!(
        place.host.router.pick(&plain).is_none(),
        "it may be the program"
    );
    let (end, lines) = place.host.run(&selecting(plain, "runs", "ssh")).await;
    end.unwrap();
    assert_eq!(texts(&lines), ["from here"]);
}

#[tokio::test]
async fn fifty_tasks_at_once_have_their_own_lines_each() {
    let Some(place) = Place::new() else { return };
    let place = std::sync::Arc::new(place);
    let attempts = (0..50).map(|number| {
        let place = std::sync::Arc::clone(&place);
        tokio::spawn(async move {
            let (end, lines) = place
                .run(&format!("echo {number}; sleep 0.2; echo end"))
                .await;
            (number.to_string(), end, lines)
        })
    });
    for attempt in attempts.collect::<Vec<_>>() {
        let (number, end, lines) = attempt.await.unwrap();
        end.unwrap();
        assert_eq!(texts(&lines), [number.as_str(), "end"]);
    }
}
