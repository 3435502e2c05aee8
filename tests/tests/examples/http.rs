//! The plugin `httpcheck`, loaded from its library: what a user of it relies on.

mod body;
mod certificate;
mod failure;
mod server;

use std::fs;

use serde_json::{Map, Value, json};
use solti_model::{Flag, SubprocessMode, SubprocessSpec, TaskEnv, TaskKind, TaskSpec};
use solti_plugin_host::{ErrorDetails, PluginLoader, Spawn, Workload};
use taskvisor::{TaskError, TaskRef};
use tokio_util::sync::CancellationToken;

use crate::fatal;
use crate::support::{Host, Record, SOON, command, directory_with, selecting, subprocess, texts};
use server::{Reply, Server, reply};

/// The kind of the plugin's own.
const KIND: &str = "example.com/v1/HttpCheck";

/// A host with the plugin and this table `config` in its sidecar.
fn configured(config: &str) -> Host {
    let directory = directory_with(&["httpcheck"]);
    let sidecar = directory.path().join("httpcheck.toml");
    fs::write(sidecar, format!("[config]\n{config}\n")).unwrap();
    let host = Host::load(directory, PluginLoader::new());
    assert!(host.report.rejected().is_empty(), "{}", host.report);
    host
}

fn host() -> Host {
    Host::with(&["httpcheck"])
}

/// A check of `url` with more fields.
fn check(url: &str, mut fields: Value) -> Workload {
    fields["url"] = url.into();
    Workload::new("slot", KIND, 60_000_u64, fields)
}

fn build(host: &Host, workload: &Workload) -> TaskRef {
    let built = host.router.build_workload(workload);
    built.unwrap_or_else(|err| panic!("{err}"))
}

/// Why a workload is refused, and the details of that.
fn refused(host: &Host, workload: &Workload) -> (String, Map<String, Value>) {
    let details = ErrorDetails::new();
    let context = host.router.context().clone();
    let context = context.with_error_details(details.clone());
    let runner = host.router.pick_workload(workload).unwrap();
    let refused = runner.build_workload(workload, &context).map(drop);
    (refused.unwrap_err().to_string(), details.get())
}

/// Runs one attempt and returns its end and the details of its outcome.
async fn run(host: &Host, workload: &Workload) -> (Result<(), TaskError>, Map<String, Value>) {
    let task = build(host, workload);
    let attempt = Spawn::new(1).begin(&task, CancellationToken::new());
    let end = tokio::time::timeout(SOON, attempt.future).await;
    (
        end.expect("it ends soon"),
        attempt.control.outcome().details,
    )
}

/// The reason of a failure that is tried again.
fn failed(end: Result<(), TaskError>) -> String {
    crate::failed(end).0
}

#[tokio::test]
async fn a_check_prints_the_body_and_its_outcome_says_what_took_how_long() {
    let server = Server::plain(|_| reply("200 OK", "", "one\ntwo")).await;
    let host = host();
    let fields = json!({
        "method": "POST",
        "headers": { "X-Key": "value" },
        "body": "sent",
        "expectText": "e\ntw",
    });
    let workload = check(&server.url("/path?query=1#part"), fields);
    let task = build(&host, &workload);
    let (end, lines) = host.attempt(&task, CancellationToken::new()).await;
    end.unwrap();
    assert_eq!(texts(&lines), ["one", "two"]);
    let asked = server.asked().pop().unwrap();
    let address = server.address;
    for part in [
        "POST /path?query=1 HTTP/1.1\r\n",
        "\r\nx-key: value\r\n",
        &format!("\r\nhost: {address}\r\n"),
        "\r\ncontent-length: 4\r\n",
        "\r\n\r\nsent",
    ] {
        assert!(asked.contains(part), "{part:?}: {asked}");
    }

    let (end, details) = run(&host, &workload).await;
    end.unwrap();
    assert_eq!(details["status"], 200);
    assert_eq!(details["bodyBytes"], 7);
    assert_eq!(details["redirects"], 0);
    for time in ["connectMs", "firstByteMs", "totalMs"] {
        assert!(
            details[time].as_f64().is_some_and(|ms| ms > 0.0),
            "{details:?}"
        );
    }
    assert!(!details.contains_key("tlsMs"), "{details:?}");
    let all = host.metrics.all();
    assert!(
        matches!(all[0], Record::Started(runner) if runner.as_label() == "http"),
        "{all:?}"
    );
    let measured = host.report.plugin_metrics();
    let counted = "plugin_http_requests_total{plugin=\"httpcheck\",class=\"2xx\"} 2";
    assert!(measured.contains(counted), "{measured}");
}

#[tokio::test]
async fn the_command_does_the_same_where_the_task_selects_the_runner_and_only_there() {
    let server = Server::plain(|_| reply("204 No Content", "", "")).await;
    let host = host();
    let url = server.url("/");
    let plain = command(
        "slot",
        "http",
        &["HEAD", &url, r#"{"expectStatus": [204]}"#],
    );
    assert!(host.router.pick(&plain).is_none(), "it may be a program");
    let (end, lines) = host.run(&selecting(plain, "runs", "http")).await;
    end.unwrap();
    assert_eq!(texts(&lines), [""; 0]);
    assert!(server.asked()[0].starts_with("HEAD / HTTP/1.1\r\n"));

    // A variable of the task is a secret that no argument has to hold.
    let mut env = TaskEnv::default();
    env.push("TOKEN", "s3cret");
    let header = r#"{"headers": {"Authorization": "Bearer ${TOKEN}"}}"#;
    let kind = TaskKind::Subprocess(SubprocessSpec {
        mode: SubprocessMode::Command {
            command: "http".to_owned(),
            args: ["GET", &url, header].map(str::to_owned).into(),
        },
        env,
        cwd: None,
        fail_on_non_zero: Flag::enabled(),
    });
    let spec = TaskSpec::builder("slot", kind, 60_000_u64).build().unwrap();
    let spec = selecting(spec, "runs", "http");
    host.run(&spec).await.0.unwrap();
    assert!(server.asked()[1].contains("authorization: Bearer s3cret\r\n"));

    for (args, what) in [
        (
            vec!["GET"],
            "args: expected METHOD URL, and perhaps an object of more fields, found 1 argument",
        ),
        (
            vec!["GET", "example.com"],
            "args[1]: is no URL: expected http://… or https://…",
        ),
    ] {
        let spec = selecting(command("slot", "http", &args), "runs", "http");
        let refused = host.router.build(&spec).map(drop).unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!("invalid specification: kind.subprocess.mode.command.{what}")
        );
    }
    let script = SubprocessMode::Command {
        command: "curl".to_owned(),
        args: Vec::new(),
    };
    let other = selecting(subprocess("slot", script), "runs", "http");
    assert!(host.router.pick(&other).is_none());
}

#[tokio::test]
async fn a_spec_that_is_wrong_is_refused_by_its_field_also_for_a_program() {
    let host = configured("hosts = [\"*.example.com\"]");
    let (text, details) = refused(&host, &check("https://example.org/?key=s3cret", json!({})));
    assert_eq!(
        text,
        "invalid specification: spec.url: is of the host \"example.org\", which config.hosts of the \
         plugin does not allow"
    );
    assert_eq!(details["field"], "spec.url");
    let fields = json!({ "caFile": "/etc/shadow" });
    let (text, details) = refused(&host, &check("https://a.example.com/", fields));
    assert_eq!(
        text,
        "invalid specification: spec.caFile: \"/etc/shadow\" is in no directory that config.files of \
         the plugin names"
    );
    assert_eq!(details["field"], "spec.caFile");
}

#[test]
fn a_plugin_that_is_configured_wrong_is_not_loaded_and_the_field_is_named() {
    let directory = directory_with(&["httpcheck"]);
    fs::write(
        directory.path().join("httpcheck.toml"),
        "[config]\nfiles = [\"tls\"]\n",
    )
    .unwrap();
    let complaints = crate::support::complaints(&PluginLoader::new(), directory.path());
    assert_eq!(complaints.len(), 1);
    let what = "config.files[0]: \"tls\" is no absolute path; what it is relative to would depend on \
                where the host was started";
    assert!(complaints[0].contains(what), "{complaints:?}");
}
