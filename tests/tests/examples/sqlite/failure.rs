//! What goes wrong in a script, and what is tried again.

use serde_json::{Value, json};

use super::{Place, failed, fatal};

#[tokio::test]
async fn an_error_names_the_statement_and_where_it_stands() {
    let place = Place::new();
    place
        .lines("CREATE TABLE t(id INTEGER PRIMARY KEY, n INTEGER NOT NULL)")
        .await;
    for (sql, said) in [
        (
            "SELECT 1;\n-- a comment; of two\nSELECT 'ä', nam FROM t;",
            "statement 2 (line 3, column 13): no such column: nam",
        ),
        (
            "INSERT INTO t VALUES (1, 1);\n\n/* again */\nINSERT INTO t VALUES (1, 2);\nSELECT 1",
            "statement 2 (line 4): UNIQUE constraint failed: t.id",
        ),
        (
            "SELECT 1; SELEC 2",
            "statement 2 (line 1, column 11): near \"SELEC\": syntax error",
        ),
        (
            "SELECT 'it;s'; CREATE TRIGGER tr AFTER DELETE ON t BEGIN SELECT 1; SELECT 2; END;\n\
             INSERT INTO t VALUES (7, NULL)",
            "statement 3 (line 2): NOT NULL constraint failed: t.n",
        ),
        (
            "SELECT :a",
            "statement 1 (line 1): the parameter :a has no value in parameters",
        ),
        (
            "SELECT ?",
            "statement 1 (line 1): the parameter ? number 1 has no value in parameters",
        ),
        (
            "BEGIN; DELETE FROM t",
            "the script ends within a transaction, which was rolled back; end it with COMMIT, or set \
             transaction",
        ),
    ] {
        assert_eq!(fatal(place.run(sql, json!({})).await.0), said);
    }
    assert_eq!(place.lines("SELECT id, n FROM t").await, ["1\t1"]);
}

#[tokio::test]
async fn what_a_transaction_had_done_before_an_error_is_undone() {
    let place = Place::new();
    place.lines("CREATE TABLE t(a UNIQUE)").await;
    let sql = "INSERT INTO t VALUES (1); INSERT INTO t VALUES (1)";
    let (end, details) = place.outcome(sql, json!({ "transaction": true })).await;
    assert_eq!(
        fatal(end),
        "statement 2 (line 1): UNIQUE constraint failed: t.a"
    );
    assert_eq!(details["changes"], 0);
    assert_eq!(place.lines("SELECT count(*) FROM t").await, ["0"]);
    // Without one, as a program of SQLite's does.
    let (end, details) = place.outcome(sql, json!({})).await;
    fatal(end);
    assert_eq!(details["changes"], 1);
    assert_eq!(place.lines("SELECT count(*) FROM t").await, ["1"]);
}

#[tokio::test]
async fn a_database_that_others_hold_is_waited_for_and_then_tried_again() {
    let place = Place::with("busy_timeout_ms = 100");
    place.lines("CREATE TABLE t(a)").await;
    // What holds it is a script that does not end by itself.
    let holding = place.script(
        "BEGIN IMMEDIATE; INSERT INTO t VALUES (1); \
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
        json!({}),
    );
    let cancel = tokio_util::sync::CancellationToken::new();
    let task = place.build(&holding);
    let running = tokio::spawn(
        solti_plugin_host::Spawn::new(1)
            .begin(&task, cancel.clone())
            .future,
    );
    let began = std::time::Instant::now();
    let said = loop {
        match place.run("INSERT INTO t VALUES (2)", json!({})).await.0 {
            // It had not begun yet.
            Ok(()) => assert!(began.elapsed() < crate::support::SOON),
            end => break failed(end),
        }
    };
    assert_eq!(said, "statement 1 (line 1): database is locked");
    cancel.cancel();
    let end = tokio::time::timeout(crate::support::SOON, running)
        .await
        .unwrap()
        .unwrap();
    assert!(
        matches!(end, Err(taskvisor::TaskError::Canceled)),
        "{end:?}"
    );
    // It was rolled back before the attempt was over.
    assert_eq!(
        place.lines("SELECT count(*) FROM t WHERE a = 1").await,
        ["0"]
    );
}

#[tokio::test]
async fn more_rows_than_a_task_may_print_end_it() {
    let place = Place::new();
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
    let (end, lines) = place
        .run(sql, json!({ "maxRows": 3, "format": "tsv" }))
        .await;
    assert_eq!(
        fatal(end),
        "statement 1 (line 1): more than 3 rows; maxRows is how many are printed"
    );
    assert_eq!(lines, ["1", "2", "3"]);
}

#[tokio::test]
async fn a_file_that_is_not_there_or_no_database_is_said_to_be() {
    let place = Place::new();
    let of = async |name: &str, fields: Value| {
        let mut fields = fields;
        fields["database"] = place.file(name).to_str().unwrap().into();
        fatal(place.run("SELECT * FROM sqlite_schema", fields).await.0)
    };
    let missing = of("missing.db", json!({})).await;
    let path = place.file("missing.db");
    assert!(
        missing.starts_with(&format!("the database {path:?} cannot be opened: ")),
        "{missing}"
    );
    assert!(!path.exists(), "a wrong name makes no database");
    std::fs::write(
        place.file("text.db"),
        "no database at all, but long enough\n".repeat(40),
    )
    .unwrap();
    let other = of("text.db", json!({})).await;
    assert!(other.ends_with("file is not a database"), "{other}");
}
