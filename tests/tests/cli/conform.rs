//! `solti-host conform`: plugins that keep every rule pass, and each rule finds the one that breaks it.

mod breach;
mod breaches;
mod examples;
mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Ended, end, solti_host};

/// What a task of the specimen can do.
const DOES: [&str; 6] = ["quick", "long", "failing", "chatty", "text", "panicking"];

/// A plugin file and its tasks, in a directory in which nothing else is.
struct Subject {
    directory: TempDir,
    file: PathBuf,
}

impl Subject {
    fn of(package: &str) -> Self {
        Self::with(fs::read(e2e::plugin(package)).unwrap(), package)
    }

    fn with(bytes: Vec<u8>, name: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(name).with_extension("so");
        fs::write(&file, bytes).unwrap();
        fs::create_dir(directory.path().join("tmp")).unwrap();
        Self { directory, file }
    }

    fn written(&self, name: &str, content: impl ToString) -> PathBuf {
        let path = self.directory.path().join(name);
        fs::write(&path, content.to_string()).unwrap();
        path
    }

    fn conform(&self, words: &[&str]) -> Ended {
        let mut command = solti_host();
        command.arg("conform").arg(&self.file).args(words);
        // What the suite makes is seen here.
        command.env("TMPDIR", self.tmp());
        end(&mut command)
    }

    fn tmp(&self) -> PathBuf {
        self.directory.path().join("tmp")
    }

    /// Tries the rules, which leaves nothing, and answers what came of each.
    fn report(&self, tasks: &Path, words: &[&str]) -> (Value, Option<i32>) {
        let tasks = tasks.display().to_string();
        let ended = self.conform(&[&["--json", "--tasks", &tasks], words].concat());
        let report = serde_json::from_str(&ended.stdout);
        let report = report.unwrap_or_else(|err| panic!("{err}: {ended:?}"));
        assert_eq!(fs::read_dir(self.tmp()).unwrap().count(), 0);
        assert_eq!(marked(&self.tmp()), Vec::<String>::new());
        (report, ended.code)
    }
}

/// The processes that were started by rules whose directories are below this one.
fn marked(tmp: &Path) -> Vec<String> {
    let mark = format!("SOLTI_CONFORM={}", tmp.display());
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let of_rules = processes.filter(|process| {
        // One that has been killed and not been reaped has no environment any more.
        let environment = fs::read(process.path().join("environ")).unwrap_or_default();
        let mut variables = environment.split(|byte| *byte == 0);
        variables.any(|variable| variable.starts_with(mark.as_bytes()))
    });
    of_rules
        .map(|process| process.file_name().display().to_string())
        .collect()
}

/// The tasks of the specimen, of which those that are named do something wrong.
fn tasks(wrong: &[(&str, &str)]) -> Value {
    let task = |does: &str| {
        let wrong = wrong.iter().filter(|(of, _)| *of == does);
        let args: Vec<_> = [does].into_iter().chain(wrong.map(|it| it.1)).collect();
        json!({
            "slot": format!("conform-{does}"),
            "timeout": 600_000,
            "kind": { "subprocess": {
                "mode": { "command": { "command": "conform", "args": args } }
            } },
        })
    };
    DOES.iter()
        .map(|does| ((*does).to_owned(), task(does)))
        .collect()
}

/// The facts of the rules that failed.
fn failed(report: &Value) -> BTreeMap<String, String> {
    let rules = report["rules"].as_array().unwrap().iter();
    rules
        .filter(|rule| rule["verdict"] == "failed")
        .map(|rule| {
            let text = |field: &str| rule[field].as_str().unwrap().to_owned();
            assert!(!text("advice").is_empty());
            assert_eq!(
                text("page"),
                format!("docs/conformance.md#{}", text("rule"))
            );
            (text("rule"), text("fact"))
        })
        .collect()
}

fn not_applicable(report: &Value) -> BTreeSet<&str> {
    let rules = report["rules"].as_array().unwrap().iter();
    rules
        .filter(|rule| rule["verdict"] == "notApplicable")
        .map(|rule| rule["rule"].as_str().unwrap())
        .collect()
}
