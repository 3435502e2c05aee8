//! The plugin `sqlite`, loaded from its library: what a user of it relies on.

mod failure;
mod place;
mod stop;

use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use serde_json::{Map, Value, json};
use solti_model::{Runtime, StreamKind, SubprocessMode};
use solti_plugin_host::{PluginLoader, Spawn, Workload};
use taskvisor::{TaskError, TaskRef};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::fatal;
use crate::support::{Host, SOON, command, directory_with, selecting, subprocess, texts};

/// The kind of the plugin's own.
const KIND: &str = "example.com/v1/SqliteScript";

/// A host with the plugin, and a directory for databases.
struct Place {
    host: Host,
    files: TempDir,
}

impl Place {
    fn new() -> Self {
        Self::with("")
    }

    /// With more configuration.
    fn with(config: &str) -> Self {
        let directory = directory_with(&["sqlite"]);
        let files = tempfile::tempdir().unwrap();
        let here = files.path();
        fs::write(
            directory.path().join("sqlite.toml"),
            format!("[config]\ndatabases = [{here:?}]\nscripts = [{here:?}]\n{config}\n"),
        )
        .unwrap();
        let host = Host::load(directory, PluginLoader::new());
        assert!(host.report.rejected().is_empty(), "{}", host.report);
        Self { host, files }
    }

    /// The path of a file in the directory.
    fn file(&self, name: &str) -> PathBuf {
        fs::canonicalize(self.files.path()).unwrap().join(name)
    }

    /// A script on the database `a.db`, which is made where it is not there.
    fn script(&self, sql: &str, mut fields: Value) -> Workload {
        fields["sql"] = sql.into();
        if fields["database"].is_null() {
            fields["database"] = self.file("a.db").to_str().unwrap().into();
            fields["create"] = fields["readOnly"].as_bool().is_none_or(|only| !only).into();
        }
        Workload::new("slot", KIND, 60_000_u64, fields)
    }

    fn build(&self, workload: &Workload) -> TaskRef {
        let built = self.host.router.build_workload(workload);
        built.unwrap_or_else(|err| panic!("{err}"))
    }

    /// Runs one attempt and returns its end and its lines.
    async fn run(&self, sql: &str, fields: Value) -> (Result<(), TaskError>, Vec<String>) {
        let task = self.build(&self.script(sql, fields));
        let (end, lines) = self.host.attempt(&task, CancellationToken::new()).await;
        assert!(lines.iter().all(|line| line.stream == StreamKind::Stdout));
        (end, lines.into_iter().map(|line| line.text).collect())
    }

    /// The lines of a script that comes to its end.
    async fn lines(&self, sql: &str) -> Vec<String> {
        let (end, lines) = self.run(sql, json!({ "format": "tsv" })).await;
        end.unwrap_or_else(|err| panic!("{err}"));
        lines
    }

    /// Runs one attempt and returns its end and the details of its outcome.
    async fn outcome(
        &self,
        sql: &str,
        fields: Value,
    ) -> (Result<(), TaskError>, Map<String, Value>) {
        let task = self.build(&self.script(sql, fields));
        let attempt = Spawn::new(1).begin(&task, CancellationToken::new());
        let end = tokio::time::timeout(SOON, attempt.future).await;
        (
            end.expect("it ends soon"),
            attempt.control.outcome().details,
        )
    }
}

/// The reason of a failure that is tried again.
fn failed(end: Result<(), TaskError>) -> String {
    crate::failed(end).0
}

#[tokio::test]
async fn a_script_prints_its_rows_and_its_outcome_says_how_many() {
    let place = Place::new();
    let sql = "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT);
               INSERT INTO t(name) VALUES (:first), (:second); -- two
               SELECT * FROM t;;";
    let fields = json!({ "parameters": { "first": "Ada", ":second": null } });
    let (end, lines) = place.run(sql, fields.clone()).await;
    end.unwrap();
    assert_eq!(
        lines,
        [r#"{"id":1,"name":"Ada"}"#, r#"{"id":2,"name":null}"#]
    );
    let sql = "UPDATE t SET name = ?; SELECT name, ?2 FROM t";
    let fields = json!({ "parameters": ["x", 2.5], "format": "tsv" });
    let (end, details) = place.outcome(sql, fields).await;
    end.unwrap();
    let told = json!({ "statements": 2, "rows": 2, "changes": 2 });
    assert_eq!(Value::Object(details), told);
    assert_eq!(place.lines("SELECT name FROM t").await, ["x", "x"]);
    let measured = place.host.report.plugin_metrics();
    assert!(
        measured.contains("plugin_sqlite_rows_total{plugin=\"sqlite\"} 6"),
        "{measured}"
    );
}

#[tokio::test]
async fn a_command_or_a_script_does_the_same_where_the_task_selects_the_runner_and_only_there() {
    let place = Place::new();
    let database = place.file("a.db").to_str().unwrap().to_owned();
    let sql = "CREATE TABLE t(a); INSERT INTO t VALUES (1); SELECT a FROM t";
    let plain = command("slot", "sqlite", &[&database, sql, r#"{"create": true}"#]);
    assert!(
        place.host.router.pick(&plain).is_none(),
        "it may be a program"
    );
    let (end, lines) = place.host.run(&selecting(plain, "runs", "sqlite")).await;
    end.unwrap();
    assert_eq!(texts(&lines), [r#"{"a":1}"#]);

    let runtime = |command: &str| Runtime::Custom {
        command: command.to_owned(),
        flag: "-".to_owned(),
    };
    let script = |runtime| {
        let mode = SubprocessMode::Script {
            runtime,
            body: base64::engine::general_purpose::STANDARD.encode("SELECT a + 1 AS b FROM t"),
            args: vec![database.clone(), r#"{"format": "tsv"}"#.to_owned()],
        };
        selecting(subprocess("slot", mode), "runs", "sqlite")
    };
    let (end, lines) = place.host.run(&script(runtime("sqlite"))).await;
    end.unwrap();
    assert_eq!(texts(&lines), ["2"]);
    for other in [runtime("ruby"), Runtime::Bash] {
        assert!(place.host.router.pick(&script(other)).is_none());
    }
}

#[tokio::test]
async fn a_script_comes_from_a_file_of_the_operators_directory() {
    let place = Place::new();
    fs::write(place.file("report.sql"), "SELECT 'from a file' AS said").unwrap();
    let spec = json!({ "database": ":memory:", "file": place.file("report.sql") });
    let task = place.build(&Workload::new("slot", KIND, 60_000_u64, spec));
    let (end, lines) = place.host.attempt(&task, CancellationToken::new()).await;
    end.unwrap();
    assert_eq!(texts(&lines), [r#"{"said":"from a file"}"#]);
}

#[tokio::test]
async fn a_connection_is_used_again_but_not_what_a_script_has_made_of_it() {
    let place = Place::with("idle_connections = 1");
    place
        .lines("CREATE TABLE t(a); INSERT INTO t VALUES (1)")
        .await;
    place
        .lines("CREATE TEMP TABLE mine(a); PRAGMA recursive_triggers = ON")
        .await;
    assert_eq!(place.lines("PRAGMA recursive_triggers").await, ["0"]);
    let (end, _) = place.run("SELECT * FROM mine", json!({})).await;
    assert_eq!(fatal(end), "statement 1 (line 1): no such table: mine");

    // A file of the same name that has come since: the old one would be read for ever.
    place.lines("SELECT a FROM t").await;
    fs::remove_file(place.file("a.db")).unwrap();
    fs::write(place.file("a.db"), "").unwrap();
    let (end, _) = place.run("SELECT a FROM t", json!({})).await;
    assert_eq!(fatal(end), "statement 1 (line 1): no such table: t");
}

#[tokio::test]
async fn more_scripts_than_connections_wait_for_their_turn_and_all_run() {
    let place = Place::with("max_connections = 2");
    place.lines("CREATE TABLE t(a)").await;
    let insert = place.script("INSERT INTO t VALUES (1)", json!({}));
    let attempts = (0..50).map(|_| {
        let task = place.build(&insert);
        tokio::spawn(Spawn::new(1).begin(&task, CancellationToken::new()).future)
    });
    for attempt in attempts.collect::<Vec<_>>() {
        tokio::time::timeout(SOON, attempt)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    }
    assert_eq!(place.lines("SELECT count(*) FROM t").await, ["50"]);
}
