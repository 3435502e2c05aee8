//! The codes of version 1: a table that only grows.
//!
//! A code that crosses is a value for a side that does not know it, so new ones may be added at any
//! time, and the digest that a host compares does not cover them. None may change its meaning or go.

use std::collections::BTreeSet;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use solti_model::StreamKind;
use solti_plugin_abi::v1::call::{DESCRIBE, GUARDIAN, HEALTH, HOST_INFO, SIGNAL, STATS};
use solti_plugin_abi::v1::error::{
    BUILD_CANCELED, CALL_FAILED, CALL_TIMED_OUT, CONNECT, DRAINING, FfiError, PANIC,
    PAYLOAD_TOO_LARGE, UNKNOWN_FORMAT, UNKNOWN_METHOD,
};
use solti_plugin_abi::v1::log::level;
use solti_plugin_abi::v1::metrics::instrument;
use solti_plugin_abi::v1::output::{flag, pressure, stream};
use solti_plugin_abi::v1::runner::format;
use solti_plugin_abi::{RunnerError, RunnerErrorKind, RunnerType, TaskOutcome};
use taskvisor::TaskError;
use tracing::Level;

#[test]
fn no_code_that_was_ever_given_out_changes_or_goes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/abi/codes.txt");
    let known = fs::read_to_string(&path).expect("the snapshot is there");
    let known: BTreeSet<&str> = known
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    let found = codes();
    let found: BTreeSet<&str> = found.lines().collect();
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(
        gone.is_empty(),
        "codes of version 1 have changed or are gone: {gone:#?}\nPlugins in the field send them."
    );
    // Of a set, a number stands for one thing.
    let mut meanings = BTreeSet::new();
    for line in &found {
        let (code, _) = line
            .split_once(" = ")
            .expect("each line has a code and a name");
        let is_number = !code.ends_with(" 0");
        assert!(
            meanings.insert(code) || !is_number,
            "{code} has two meanings"
        );
    }
    let new: Vec<_> = found.difference(&known).copied().collect();
    if env::var_os("SOLTI_BLESS").is_some() && !new.is_empty() {
        let mut text = fs::read_to_string(&path).expect("it was read just now");
        text.push_str(&new.join("\n"));
        text.push('\n');
        fs::write(&path, text).expect("the snapshot can be written");
        return;
    }
    assert!(
        new.is_empty(),
        "codes that are not in {}: {new:#?}\n`SOLTI_BLESS=1 cargo test -p solti-plugin-abi --test codes` \
         appends them.",
        path.display()
    );
}

/// The numbers that cross in place of enums.
fn codes() -> String {
    let mut text = String::new();
    let mut put = |set: &str, rows: Vec<(String, u32)>| {
        for (name, code) in rows {
            let _ = writeln!(text, "{set} {code} = {name}");
        }
    };
    put(
        "method",
        // A method has a name and no number.
        [HOST_INFO, GUARDIAN, DESCRIBE, HEALTH, SIGNAL, STATS]
            .map(|method| (method.to_owned(), 0))
            .to_vec(),
    );
    put("error", error_codes());
    put(
        "instrument",
        numbered(&[
            ("counter", instrument::COUNTER),
            ("gauge", instrument::GAUGE),
            ("histogram", instrument::HISTOGRAM),
        ]),
    );
    put(
        "spec format",
        numbered(&[
            ("task spec", format::TASK_SPEC),
            ("workload", format::WORKLOAD),
        ]),
    );
    put(
        "line flag",
        numbered(&[("cut", flag::CUT), ("last", flag::LAST)]),
    );
    put("pressure", numbered(&[("wait", pressure::WAIT)]));
    put(
        "stream",
        [StreamKind::Stdout, StreamKind::Stderr]
            .map(|kind| (format!("{kind:?}"), stream::code(kind)))
            .to_vec(),
    );
    put(
        "level",
        [
            Level::ERROR,
            Level::WARN,
            Level::INFO,
            Level::DEBUG,
            Level::TRACE,
        ]
        .map(|level| (level.to_string(), level::code(level)))
        .to_vec(),
    );
    put(
        "runner type",
        RunnerType::ALL
            .iter()
            .map(|each| (format!("{each:?}"), each.code()))
            .collect(),
    );
    put(
        "task outcome",
        TaskOutcome::ALL
            .iter()
            .map(|each| (format!("{each:?}"), each.code()))
            .collect(),
    );
    put(
        "runner error kind",
        RunnerErrorKind::ALL
            .iter()
            .map(|each| (format!("{each:?}"), each.code()))
            .collect(),
    );
    text
}

fn numbered(rows: &[(&str, u32)]) -> Vec<(String, u32)> {
    rows.iter()
        .map(|(name, code)| ((*name).to_owned(), *code))
        .collect()
}

fn error_codes() -> Vec<(String, u32)> {
    let text = String::new;
    let runner = |name: &str, err: RunnerError| (name.to_owned(), FfiError::from(err).code);
    let task = |name: &str, err: TaskError| (name.to_owned(), FfiError::from(err).code);
    let (reason, exit_code) = (text(), None);
    vec![
        ("panic".to_owned(), PANIC),
        ("connect".to_owned(), CONNECT),
        ("unknown method".to_owned(), UNKNOWN_METHOD),
        ("payload too large".to_owned(), PAYLOAD_TOO_LARGE),
        ("call timed out".to_owned(), CALL_TIMED_OUT),
        ("call failed".to_owned(), CALL_FAILED),
        runner("NoRunner", RunnerError::NoRunner(text())),
        runner(
            "UnsupportedKind",
            RunnerError::UnsupportedKind {
                runner: "",
                kind: text(),
            },
        ),
        runner("InvalidSpec", RunnerError::InvalidSpec(text())),
        runner("Internal", RunnerError::Internal(text())),
        runner("MissingField", RunnerError::MissingField("")),
        runner("Io", RunnerError::Io(text())),
        ("build canceled".to_owned(), BUILD_CANCELED),
        ("unknown format".to_owned(), UNKNOWN_FORMAT),
        ("draining".to_owned(), DRAINING),
        task(
            "Timeout",
            TaskError::Timeout {
                timeout: Duration::ZERO,
            },
        ),
        task(
            "Fatal",
            TaskError::Fatal {
                reason: reason.clone(),
                exit_code,
            },
        ),
        task("Fail", TaskError::Fail { reason, exit_code }),
        task("Canceled", TaskError::Canceled),
    ]
}
