//! What a script may reach: its database, and nothing else of the machine.

use serde_json::json;
use solti_plugin_host::Workload;

use super::{KIND, Place, fatal};

const NOT_ATTACHED: &str = "not authorized: other databases are not attached, nor written by VACUUM INTO: \
                            config.attach of the plugin is false";

#[tokio::test]
async fn a_database_outside_of_the_operators_directories_is_refused_when_the_task_is_built() {
    let place = Place::new();
    let outside = tempfile::tempdir().unwrap();
    let linked = place.file("linked.db");
    std::os::unix::fs::symlink(outside.path().join("a.db"), &linked).unwrap();
    for path in [outside.path().join("a.db"), place.file("../a.db"), linked] {
        let spec = json!({ "database": path, "sql": "SELECT 1", "create": true });
        let workload = Workload::new("slot", KIND, 60_000_u64, spec);
        let refused = place
            .host
            .router
            .build_workload(&workload)
            .map(drop)
            .unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!(
                "invalid specification: spec.database: {path:?} is in no directory that \
                 config.databases of the plugin names"
            )
        );
    }
}

#[tokio::test]
async fn no_statement_reaches_another_file_by_whatever_way() {
    let place = Place::new();
    place.lines("CREATE TABLE t(a)").await;
    let other = place.file("other.db");
    let path = other.display();
    for sql in [
        format!("ATTACH '{path}' AS o"),
        format!("ATTACH 'file:{path}' AS o"),
        format!("VACUUM INTO '{path}'"),
    ] {
        let said = fatal(place.run(&sql, json!({})).await.0);
        assert_eq!(
            said,
            format!("statement 1 (line 1): {NOT_ATTACHED}"),
            "{sql}"
        );
    }
    // A name that is not known when the statement is prepared.
    let named = json!({ "parameters": { "path": other } });
    for sql in ["ATTACH :path AS o", "VACUUM INTO :path"] {
        let said = fatal(place.run(sql, named.clone()).await.0);
        assert!(
            said.starts_with("statement 1 (line 1): not authorized"),
            "{sql}: {said}"
        );
    }
    for sql in [
        "SELECT load_extension('/tmp/x.so')",
        "PRAGMA temp_store_directory = '/tmp'",
        "PRAGMA mmap_size = 1000000",
        "PRAGMA busy_timeout = 600000",
        "PRAGMA hard_heap_limit = 1",
    ] {
        let said = fatal(place.run(sql, json!({})).await.0);
        assert!(said.contains("not authorized"), "{sql}: {said}");
    }
    assert!(!other.exists());
    place.lines("VACUUM").await;
}

#[tokio::test]
async fn where_the_operator_lets_a_script_attach_it_is_within_the_same_directories() {
    let place = Place::with("attach = true");
    place
        .lines("CREATE TABLE t(a); INSERT INTO t VALUES (1)")
        .await;
    let copy = place.file("copy.db");
    place
        .lines(&format!("VACUUM INTO '{}'", copy.display()))
        .await;
    let attach = format!("ATTACH '{}' AS c; SELECT a FROM c.t", copy.display());
    assert_eq!(place.lines(&attach).await, ["1"]);
    let outside = tempfile::tempdir().unwrap();
    let path = outside.path().join("o.db");
    for sql in [
        format!("ATTACH '{}' AS o", path.display()),
        format!("VACUUM INTO '{}'", path.display()),
    ] {
        let said = fatal(place.run(&sql, json!({})).await.0);
        assert_eq!(
            said,
            format!(
                "statement 1 (line 1): not authorized: {path:?} is in no directory that \
                 config.databases of the plugin names"
            )
        );
    }
    assert!(!path.exists());
}

#[tokio::test]
async fn a_script_that_only_reads_cannot_write() {
    let place = Place::new();
    place.lines("CREATE TABLE t(a)").await;
    let (end, _) = place
        .run("INSERT INTO t VALUES (1)", json!({ "readOnly": true }))
        .await;
    assert_eq!(
        fatal(end),
        "statement 1 (line 1): attempt to write a readonly database"
    );
}
