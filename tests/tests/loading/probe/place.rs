//! A directory with a hostile plugin beside a good one, and what a host says of it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use assert_cmd::assert::OutputAssertExt as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support;

/// How long a host may take with a directory.
pub(super) const SOON: Duration = Duration::from_secs(120);

/// How long a probe may take in these tests; half a second off what is counted in whole ones.
const LIMIT: &str = "2500ms";

/// A directory with the plugin `hello` and copies of the hostile one.
pub(super) struct Place(pub(super) TempDir);

/// What a host said of it.
pub(super) struct HostRun {
    pub(super) report: Value,
    pub(super) code: Option<i32>,
    pub(super) stderr: String,
}

impl Place {
    pub(super) fn new() -> Self {
        Self(support::directory_with(&["hello"]))
    }

    /// Adds a plugin that does this harm.
    pub(super) fn with(self, name: &str, harm: &str) -> Self {
        let bytes = e2e::hostile(harm);
        fs::write(self.0.path().join(format!("{name}.so")), bytes).unwrap();
        self
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// A host loads the directory.
    pub(super) fn list(&self, arguments: &[&str]) -> HostRun {
        self.run("list", arguments)
    }

    /// A host tries the directory and loads nothing itself.
    pub(super) fn check(&self) -> HostRun {
        self.run("check", &[])
    }

    fn run(&self, command: &str, arguments: &[&str]) -> HostRun {
        let mut host = Command::new(e2e::solti_host());
        host.args([command, "--json", "--probe-time", LIMIT])
            .args(arguments)
            .arg(self.path())
            .env_remove("SOLTI_STATE")
            .env_remove("RUST_LOG");
        let output = assert_cmd::Command::from_std(host)
            .timeout(SOON)
            .output()
            .unwrap();
        let code = output.status.code();
        let assert = output.assert();
        let output = assert.get_output();
        let stderr = String::from_utf8(output.stderr.clone()).unwrap();
        let report = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|err| panic!("{err}, the host ended with {code:?}: {stderr}"));
        HostRun {
            report,
            code,
            stderr,
        }
    }

    /// A host rejects the one plugin that does `harm`, and loads the good one. Returns why.
    pub(super) fn rejected(harm: &str) -> String {
        let run = Self::new().with("a-hostile", harm).list(&[]);
        run.assert_hello_loaded();
        assert_eq!(run.code, Some(1));
        assert_eq!(run.reasons().len(), 1, "{}", run.report);
        run.reasons().remove(0)
    }
}

impl HostRun {
    pub(super) fn assert_hello_loaded(&self) {
        let loaded = self.report["loaded"].as_array().unwrap();
        assert!(
            loaded.iter().any(|plugin| plugin["plugin"] == "hello"),
            "{}",
            self.report
        );
    }

    /// Both plugins passed their probes.
    pub(super) fn assert_all_passed(&self) {
        assert_eq!(self.report["rejected"], json!([]));
        let passed = self.report["passed"].as_array().unwrap();
        let results: Vec<_> = passed
            .iter()
            .map(|passed| (&passed["plugin"], &passed["probe"]["result"]))
            .collect();
        assert_eq!(
            results,
            [
                (&json!("hostile"), &json!("passed")),
                (&json!("hello"), &json!("passed")),
            ]
        );
        assert_eq!(self.code, Some(0), "{}", self.stderr);
    }

    /// Why plugins were rejected by their probes.
    pub(super) fn reasons(&self) -> Vec<String> {
        let rejected = self.report["rejected"].as_array().unwrap();
        rejected
            .iter()
            .map(|rejected| {
                assert_eq!(rejected["stage"], "probe", "{rejected}");
                rejected["reason"].as_str().unwrap().to_owned()
            })
            .collect()
    }
}
