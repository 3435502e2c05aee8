//! The snapshot of version 1 of the ABI: what crosses never changes unnoticed.
//!
//! The text is rendered from the layouts that abi_stable derives, and holds nothing that depends on
//! the version of this crate, on a source line or on the compiler. It is that of a 64-bit
//! little-endian target, the only ones plugins are built for.

#![cfg(all(target_pointer_width = "64", target_endian = "little"))]

#[path = "layout/render.rs"]
mod render;

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use abi_stable::StableAbi;
use abi_stable::std_types::RResult;
use similar::TextDiff;
use solti_model::StreamKind;
use solti_plugin_abi::v1::error::{CONNECT, FfiError, PANIC};
use solti_plugin_abi::v1::host::FfiHost;
use solti_plugin_abi::v1::log::{FfiLogRecord, PANIC_TARGET, level};
use solti_plugin_abi::v1::metrics::FfiMetrics;
use solti_plugin_abi::v1::module::{ABI_VERSION, ConnectFn, FfiConnect, LAYOUTS, PluginModule};
use solti_plugin_abi::v1::output::{FfiOutputRegistry, FfiOutputSink, stream};
use solti_plugin_abi::v1::plugin::FfiPlugin;
use solti_plugin_abi::v1::runner::{FfiContext, FfiRunId, FfiRunner};
use solti_plugin_abi::v1::task::{FfiAttempt, FfiTask};
use solti_plugin_abi::{RunnerError, RunnerErrorKind, RunnerType, TaskOutcome};
use taskvisor::TaskError;
use tracing::Level;

use render::Layouts;

/// `connect` is opaque to the layout of the root module, so its signature is looked at here.
#[repr(C)]
#[derive(StableAbi)]
struct ConnectSignature {
    connect: extern "C" fn(FfiHost, FfiConnect<'_>) -> RResult<FfiPlugin, FfiError>,
}

impl ConnectSignature {
    /// Does not compile when the signature above is not that of `connect`.
    const fn of(connect: ConnectFn) -> Self {
        Self { connect }
    }
}

#[test]
fn a_change_of_what_crosses_does_not_go_unnoticed() {
    let _ = ConnectSignature::of;
    let found = render_all();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/abi/v1.txt");
    if env::var_os("SOLTI_BLESS").is_some() {
        fs::write(&path, found).expect("the snapshot is written");
        return;
    }
    let frozen = LAYOUTS.replace('\r', "");
    assert!(
        frozen == found,
        "the types that cross are no longer those of {}:\n\n{}\n\
         Version 1 of the ABI is frozen: plugins in the field were built with it. Put what is new \
         into a version 2, a module of its own beside `v1`.\n\
         Before the first release only: `SOLTI_BLESS=1 cargo test -p solti-plugin-abi --test \
         layout` takes the new layouts over.",
        path.display(),
        TextDiff::from_lines(&frozen, &found)
            .unified_diff()
            .context_radius(4)
            .header("frozen", "found"),
    );
}

fn render_all() -> String {
    let mut layouts = Layouts::default();
    layouts.add(PluginModule::LAYOUT);
    layouts.add(ConnectSignature::LAYOUT);
    layouts.add(FfiConnect::LAYOUT);
    layouts.add(FfiHost::LAYOUT);
    layouts.add(FfiLogRecord::LAYOUT);
    layouts.add(FfiPlugin::LAYOUT);
    layouts.add(FfiRunner::LAYOUT);
    layouts.add(FfiContext::LAYOUT);
    layouts.add(FfiRunId::LAYOUT);
    layouts.add(FfiTask::LAYOUT);
    layouts.add(FfiAttempt::LAYOUT);
    layouts.add(FfiOutputRegistry::LAYOUT);
    layouts.add(FfiOutputSink::LAYOUT);
    layouts.add(FfiMetrics::LAYOUT);
    layouts.add(FfiError::LAYOUT);
    format!(
        "# Version 1 of the ABI. Frozen; see tests/layout.rs. 64-bit little-endian.\n\n\
         abi version {ABI_VERSION}\n\n{}texts\n  panic target = {PANIC_TARGET}\n\n{}",
        codes(),
        layouts.finish()
    )
}

/// The numbers that cross in place of enums.
fn codes() -> String {
    let mut text = String::new();
    let mut put = |set: &str, rows: Vec<(String, u32)>| {
        let _ = writeln!(text, "codes {set}");
        for (name, code) in rows {
            let _ = writeln!(text, "  {code} = {name}");
        }
    };
    put("error", error_codes());
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

fn error_codes() -> Vec<(String, u32)> {
    let text = String::new;
    let runner = |name: &str, err: RunnerError| (name.to_owned(), FfiError::from(err).code);
    let task = |name: &str, err: TaskError| (name.to_owned(), FfiError::from(err).code);
    let (reason, exit_code) = (text(), None);
    vec![
        ("panic".to_owned(), PANIC),
        ("connect".to_owned(), CONNECT),
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
