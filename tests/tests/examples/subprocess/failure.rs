//! What goes wrong around a task, in exact words.

use std::path::Path;
use std::sync::Arc;

use solti_model::{ContainerSpec, Runtime, TaskEnv, TaskKind, TaskSpec, WasmSpec};
use solti_plugin_host::{
    BuildContext, PluginLoader, RunnerError, RunnerErrorKind, RunnerRouter, RunnerType, TaskOutcome,
};

use super::{configured, failed, fatal, host, script, shell, shell_with};
use crate::support::{Record, Recorded, alone, command, directory_with};

#[tokio::test]
async fn an_exit_code_is_in_the_error() {
    let host = host();
    let (end, _) = host.run(&shell("exit 42")).await;
    assert_eq!(
        failed(end),
        ("process exited with non-zero code: 42".to_owned(), Some(42))
    );
    assert_eq!(
        host.metrics.all()[1],
        Record::Completed(RunnerType::Subprocess, TaskOutcome::Failure)
    );
}

#[tokio::test]
async fn a_death_by_signal_names_the_signal_and_has_no_exit_code() {
    let host = host();
    let (end, _) = host.run(&shell("kill -TERM $$")).await;
    assert_eq!(
        failed(end),
        (
            "process terminated by signal: 15 (SIGTERM)".to_owned(),
            None
        )
    );
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named_and_counted() {
    let host = host();
    let (end, _) = host.run(&command("slot", "no-such-program", &[])).await;
    assert_eq!(
        fatal(end),
        "spawn failed: cannot start \"no-such-program\": No such file or directory (os error 2)"
    );
    assert_eq!(
        host.metrics.all(),
        [
            Record::Started(RunnerType::Subprocess),
            Record::Error(RunnerType::Subprocess, RunnerErrorKind::SpawnFailed),
            Record::Completed(RunnerType::Subprocess, TaskOutcome::Failure),
        ]
    );
}

#[tokio::test]
async fn a_working_directory_that_cannot_be_entered_is_not_blamed_on_the_program() {
    let host = host();
    let reason = async |cwd: &str| {
        let spec = shell_with("true", |spec| spec.cwd = Some(cwd.into()));
        fatal(host.run(&spec).await.0)
    };
    assert_eq!(
        reason("/no/such").await,
        "spawn failed: cannot enter the working directory \"/no/such\": \
         No such file or directory (os error 2)"
    );
    assert_eq!(
        reason("/dev/null").await,
        "spawn failed: the working directory \"/dev/null\" is not a directory"
    );
}

/// A program in a file of its own.
fn program(directory: &Path, content: &[u8], mode: u32) -> String {
    use std::os::unix::fs::PermissionsExt as _;

    let file = directory.join("program");
    std::fs::write(&file, content).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
    file.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_wrong_with_a_program_is_named_whatever_its_environment() {
    let host = host();
    let path = std::env::var("PATH").unwrap();
    let elf = [b"\x7fELF\x02\x01\x01".as_slice(), &[0; 57]].concat();
    for (content, mode, expected) in [
        (
            b"#!/no/such/interp -x\necho\n".as_slice(),
            0o755,
            "its first line names the interpreter \"/no/such/interp\", which is not there (No such \
             file or directory (os error 2))",
        ),
        (
            b"#!/bin/sh\r\necho\r\n",
            0o755,
            "its first line ends with a carriage return, which counts as part of its interpreter's \
             name: save it with the line ends of Unix (No such file or directory (os error 2))",
        ),
        (
            b"echo no shebang\n",
            0o755,
            "it is no program, and a script has to name its interpreter in its first line, as in \
             \"#!/bin/sh\" (Exec format error (os error 8))",
        ),
        (
            b"\xef\xbb\xbf#!/bin/sh\necho\n",
            0o755,
            "it begins with a byte order mark, which nobody sees and no script may have: save it as \
             UTF-8 without one (Exec format error (os error 8))",
        ),
        (b"", 0o755, "it is empty (Exec format error (os error 8))"),
        (
            &elf,
            0o755,
            "it was built for another machine (Exec format error (os error 8))",
        ),
        (
            b"#!/bin/sh\n",
            0o644,
            "Permission denied (os error 13); let the host's user execute it",
        ),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let file = program(directory.path(), content, mode);
        for with_path in [false, true] {
            let mut spec = command("slot", &file, &[]);
            if with_path {
                spec = in_environment(&spec, "PATH", &path);
            }
            assert_eq!(
                fatal(host.run(&spec).await.0),
                format!("spawn failed: cannot start {file:?}: {expected}"),
                "{with_path}"
            );
        }
    }
    assert_eq!(
        fatal(host.run(&command("slot", "/tmp", &[])).await.0),
        "spawn failed: cannot start \"/tmp\": it is a directory (Permission denied (os error 13))"
    );
}

#[tokio::test]
async fn a_program_is_looked_up_in_the_path_that_it_has() {
    let host = host();
    let directory = tempfile::tempdir().unwrap();
    program(directory.path(), b"#!/bin/sh\necho found\n", 0o755);
    let own = directory.path().to_str().unwrap();
    let spec = in_environment(&command("slot", "program", &[]), "PATH", own);
    let (end, lines) = host.run(&spec).await;
    end.unwrap();
    assert_eq!(crate::support::texts(&lines), ["found"]);
    // And nowhere else.
    let spec = in_environment(&command("slot", "sh", &["-c", "true"]), "PATH", own);
    assert_eq!(
        fatal(host.run(&spec).await.0),
        "spawn failed: cannot start \"sh\": No such file or directory (os error 2)"
    );
}

/// The spec with a variable in its environment.
fn in_environment(spec: &TaskSpec, name: &str, value: &str) -> TaskSpec {
    let TaskKind::Subprocess(mut subprocess) = spec.kind().clone() else {
        unreachable!("it is a subprocess");
    };
    subprocess.env.push(name, value);
    TaskSpec::builder("slot", TaskKind::Subprocess(subprocess), 60_000_u64)
        .build()
        .unwrap()
}

#[test]
fn a_variable_that_would_be_another_one_is_refused_by_all_runners_alike() {
    let host = crate::support::Host::with(&["subprocess", "wasm", "container"]);
    let kinds = |env: TaskEnv| {
        let TaskKind::Subprocess(mut subprocess) = shell("true").kind().clone() else {
            unreachable!("it is a subprocess");
        };
        subprocess.env = env.clone();
        let container = ContainerSpec {
            image: "image".to_owned(),
            command: None,
            args: Vec::new(),
            env: env.clone(),
        };
        let wasm = WasmSpec {
            module: "task.wasm".into(),
            args: Vec::new(),
            env,
        };
        [
            TaskKind::Subprocess(subprocess),
            TaskKind::Container(container),
            TaskKind::Wasm(wasm),
        ]
    };
    for (name, value, expected) in [
        ("", "x", "the name of environment variable \"\" is empty"),
        (
            "HOST=task",
            "x",
            "the name of environment variable \"HOST=task\" contains an equals sign",
        ),
        (
            "A",
            "\0",
            "the value of environment variable \"A\" contains a NUL byte",
        ),
    ] {
        for kind in kinds(TaskEnv::single(name, value)) {
            let spec = TaskSpec::builder("slot", kind, 1_000_u64).build().unwrap();
            let refused = host.router.build(&spec).err().unwrap().to_string();
            let expected = format!("invalid specification: {expected}");
            assert_eq!(refused, expected, "{}", spec.kind().kind());
        }
    }
}

#[test]
fn a_script_file_that_cannot_be_made_is_an_error_and_counted() {
    const PLUGINS: &str = "SUBPROCESS_TEST_PLUGINS";
    const TEST: &str =
        "subprocess::failure::a_script_file_that_cannot_be_made_is_an_error_and_counted";
    // Kept outside, where it outlives the process that loads from it.
    let mut directory = None;
    if !alone(TEST, |command| {
        let directory = directory.insert(directory_with(&["subprocess"]));
        command
            .env(PLUGINS, directory.path())
            .env("TMPDIR", "/no/such");
    }) {
        return;
    }
    let plugins = std::env::var_os(PLUGINS).unwrap();
    let metrics = Arc::new(Recorded::default());
    let context = BuildContext::default().with_metrics(Arc::clone(&metrics) as _);
    let mut router = RunnerRouter::new().with_context(context);
    PluginLoader::new()
        .load_dir(Path::new(&plugins), &mut router)
        .unwrap();
    let built = router.build(&script(Runtime::Bash, "true", &[]));
    match built.map(|task| task.name().to_owned()) {
        Err(RunnerError::Io(reason)) => assert!(
            reason.starts_with(
                "cannot create a file for the script in \"/no/such\": \
                 No such file or directory (os error 2)"
            ),
            "{reason}"
        ),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        metrics.all(),
        [Record::Error(
            RunnerType::Subprocess,
            RunnerErrorKind::BackendConfigFailed
        )]
    );
}

#[test]
fn a_wrong_configuration_keeps_the_plugin_out_and_names_the_field() {
    for (config, reason) in [
        (
            "max_line_bytes = 0",
            "config.max_line_bytes: expected a whole number from 1 to 4294967295, found 0; correct it in \
             subprocess.toml",
        ),
        (
            "stop_grace_ms = \"5s\"",
            "config.stop_grace_ms: expected a whole number of 0 or more, found \"5s\"; correct it",
        ),
        (
            "grace = 5",
            "config.grace: unknown field, expected max_line_bytes, stop_grace_ms, ends_with or linger_ms",
        ),
        (
            "ends_with = \"exit\"",
            "config.ends_with: expected process or output, found \"exit\"",
        ),
    ] {
        let host = configured(config);
        let rejected = host.report.rejected();
        assert_eq!(rejected.len(), 1, "{}", host.report);
        let shown = host.report.to_string();
        assert!(shown.contains(reason), "{shown}");
    }
}
