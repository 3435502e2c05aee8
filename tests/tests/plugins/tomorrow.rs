//! A plugin of a later version in today's host, and today's plugin in a host of a later version.
//!
//! What a later version may add, codes, kinds, keys of the stamp, methods of the door, features, a
//! format of specs, is written into a copy of this workspace, which is then built.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use bytes::Bytes;
use e2e::{Built, Profile};
use solti_plugin_host::{PluginLoader, RunnerError, RunnerType, TaskOutcome, Workload};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::support::{self, Host, Record, command, texts};

/// In which file of the workspace stands what, and what tomorrow's version has there.
const PATCHES: &[(&str, &str, &str)] = &[
    // More features, and more methods of the door, of a plugin.
    (
        "plugin-abi/src/sdk/export.rs",
        "const FEATURES: [&str; 2] = [DESCRIBE, HEALTH];",
        "const FEATURES: [&str; 3] = [DESCRIBE, HEALTH, \"tomorrow\"];",
    ),
    (
        "plugin-abi/src/sdk/control.rs",
        "        other => call::unknown(other),",
        "        \"tomorrow\" => Box::pin(std::future::ready(Ok(Bytes::from_static(b\"later\")))),\n        \
         other => call::unknown(other),",
    ),
    // The same of a host.
    (
        "host/src/services/plugin_host.rs",
        "FEATURES: [&str; 2] = [HOST_INFO, GUARDIAN];",
        "FEATURES: [&str; 3] = [HOST_INFO, GUARDIAN, \"tomorrow\"];",
    ),
    // A format of specs.
    (
        "plugin-abi/src/v1/runner.rs",
        "ALL: [u32; 2] = [TASK_SPEC, WORKLOAD];",
        "ALL: [u32; 3] = [TASK_SPEC, WORKLOAD, 3];",
    ),
    // A key of the stamp, and a kind.
    (
        "plugin-abi/src/stamp/render.rs",
        "    pair(out, key::PLUGIN, decl.name);",
        "    pair(out, \"tomorrow\", \"a value of a key that is not known today\");\n    \
         pair(out, key::PLUGIN, decl.name);",
    ),
    (
        "tests/fixtures/modern/src/lib.rs",
        "\"example.com/v1/Greeting\"",
        "\"example.com/v1/Greeting\", \"tomorrow.example.com/v9/Later\"",
    ),
    // Codes: an error, a runner type, an outcome, a level of the log.
    (
        "plugin-abi/src/v1/error/runner.rs",
        "const INVALID_SPEC: u32 = 18;",
        "const INVALID_SPEC: u32 = 118;",
    ),
    (
        "plugin-abi/src/metrics.rs",
        "Subprocess = 1 => \"subprocess\"",
        "Subprocess = 101 => \"micro_vm\"",
    ),
    (
        "plugin-abi/src/metrics.rs",
        "Success = 1 => \"success\"",
        "Success = 101 => \"success_from_cache\"",
    ),
    (
        "plugin-abi/src/v1/log.rs",
        "Level::TRACE => 5",
        "Level::TRACE => 105",
    ),
    // What is built is of another version, and has names of its own. Without that cargo takes the two
    // for the same packages, whose paths in their workspaces are the same, and mixes up what it built.
    (
        "Cargo.toml",
        "version = \"0.1.0\"\nedition",
        "version = \"0.1.1\"\nedition",
    ),
    (
        "tests/fixtures/modern/Cargo.toml",
        "name = \"modern\"",
        "name = \"tomorrow\"",
    ),
    (
        "tests/fixtures/modern/src/lib.rs",
        "name: \"modern\"",
        "name: \"tomorrow\"",
    ),
    (
        "tests/fixtures/modern/src/lib.rs",
        "        \"modern\"\n",
        "        \"tomorrow\"\n",
    ),
    (
        "host/cli/Cargo.toml",
        "name = \"solti-host\"",
        "name = \"solti-host-of-tomorrow\"",
    ),
];

/// Tomorrow's plugin and tomorrow's host.
fn tomorrow() -> &'static Built {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(|| {
        let copy = e2e::target_dir().join("tomorrow");
        let mut used = HashSet::new();
        copy_tree(e2e::workspace(), &copy, Path::new(""), &mut used);
        assert_eq!(used.len(), PATCHES.len(), "a patch has no place any more");
        let target = e2e::target_dir();
        let packages = ["tomorrow", "solti-host-of-tomorrow"];
        e2e::build(&packages, Profile::Dev, &target, |cargo| {
            cargo.current_dir(&copy);
        })
    })
}

/// Writes tomorrow's form of the files in `from` to `to`. One that has it already is left alone, so that
/// what was built of it still is; `used` gets the patches that were made.
fn copy_tree(from: &Path, to: &Path, below: &Path, used: &mut HashSet<usize>) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        // Build directories and what the version control keeps.
        if name == "target" || name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let (to, below) = (to.join(&name), below.join(&name));
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &to, &below, used);
            continue;
        }
        let mut content = fs::read(entry.path()).unwrap();
        for (number, (file, today, tomorrow)) in PATCHES.iter().enumerate() {
            if below == Path::new(file) {
                let text = String::from_utf8(content).unwrap();
                assert!(text.contains(today), "{file} has no {today:?}");
                content = text.replace(today, tomorrow).into_bytes();
                used.insert(number);
            }
        }
        if fs::read(&to).ok().as_ref() != Some(&content) {
            fs::write(&to, content).unwrap();
        }
    }
}

fn directory_of_tomorrow() -> TempDir {
    let directory = support::directory_with(&[]);
    let file = directory
        .path()
        .join(format!("tomorrow.{}", e2e::PLUGIN_SUFFIX));
    fs::copy(&tomorrow().plugins["tomorrow"], file).unwrap();
    directory
}

#[tokio::test]
async fn a_plugin_of_tomorrow_loads_and_runs_in_todays_host() {
    let host = Host::load(directory_of_tomorrow(), PluginLoader::new());
    assert_eq!(host.report.loaded().len(), 1, "{}", host.report);
    let plugin = &host.report.loaded()[0];
    assert_eq!(plugin.handle.features(), ["describe", "health", "tomorrow"]);
    let kinds: Vec<_> = plugin.runners[0].kinds.names().collect();
    assert!(
        kinds.contains(&"tomorrow.example.com/v9/Later"),
        "{kinds:?}"
    );
    let later = plugin.handle.call("tomorrow", Bytes::new()).await;
    assert_eq!(later.unwrap(), "later");

    let (end, lines) = host.run(&command("s", "number", &[])).await;
    end.unwrap();
    assert_eq!(texts(&lines), ["attempt 1"]);
    let micro_vm = RunnerType::custom("micro_vm");
    let from_cache = TaskOutcome::custom("success_from_cache");
    assert_eq!(
        host.metrics.all(),
        [
            Record::Started(micro_vm),
            Record::Completed(micro_vm, from_cache)
        ]
    );
    let refused = host.router.build(&command("s", "build-invalid", &[]));
    let refused = refused.map(drop).unwrap_err();
    assert!(matches!(refused, RunnerError::Internal(_)), "{refused:?}");
    assert_eq!(
        refused.to_string(),
        "internal error: plugin 'tomorrow' answered with error code 118, which this host does not \
         know: told to refuse"
    );
    let later = Workload::new(
        "s",
        "tomorrow.example.com/v9/Later",
        5_000_u64,
        serde_json::json!({"name": "Ada"}),
    );
    let task = host.router.build_workload(&later).unwrap();
    let (end, lines) = host.attempt(&task, CancellationToken::new()).await;
    end.unwrap();
    assert_eq!(texts(&lines), ["hello Ada"]);
}

#[tokio::test]
async fn a_plugin_of_tomorrow_that_reads_no_format_of_today_loads_and_the_error_says_why_it_gets_nothing()
 {
    let directory = directory_of_tomorrow();
    let file = directory
        .path()
        .join(format!("tomorrow.{}", e2e::PLUGIN_SUFFIX));
    let bytes = fs::read(&file).unwrap();
    let only_3 = support::replaced(&bytes, b"\nspec=1,2,3\n", b"\nspec=00003\n");
    fs::write(&file, only_3).unwrap();
    let host = Host::load(directory, PluginLoader::new());
    assert_eq!(host.report.loaded()[0].handle.formats(), [3]);
    let refused = host.router.build(&command("s", "number", &[]));
    assert_eq!(
        refused.map(drop).unwrap_err().to_string(),
        "no suitable runner for task kind: subprocess: plugin 'tomorrow' takes it, but reads specs of \
         format 3, not of format 1"
    );
}

#[test]
fn todays_plugin_loads_and_runs_in_a_host_of_tomorrow() {
    let directory = support::directory_with(&["modern"]);
    let run = |arguments: &[&str]| {
        let output = Command::new(&tomorrow().programs["solti-host-of-tomorrow"])
            .args(["exec", "--plugins"])
            .arg(directory.path())
            .arg("--")
            .args(arguments)
            .output()
            .unwrap();
        let [stdout, stderr] =
            [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        (output.status.code(), stdout, stderr)
    };
    let (code, stdout, stderr) = run(&["number"]);
    assert_eq!((code, &*stdout), (Some(0), "attempt 1\n"), "{stderr}");
    // What it does not know of today's it says so of: an error's code.
    let (code, _, stderr) = run(&["build-invalid"]);
    assert_eq!(code, Some(125), "{stderr}");
    let told = "plugin 'modern' answered with error code 18, which this host does not know: told to \
                refuse";
    assert!(stderr.contains(told), "{stderr}");
    let (code, stdout, stderr) = run(&["host"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("tomorrow"), "{stdout}");
}
