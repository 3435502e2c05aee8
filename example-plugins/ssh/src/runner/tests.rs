//! Whole tasks, with a program in the place of `ssh` that connects to nothing: a real server is asked by the
//! tests of the library.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use serde_json::{Value, json};
use solti_plugin_abi::solti_model::{Flag, RunnerSelector};
use solti_plugin_abi::testing::{self, Case, Failure, Reader, workload};
use tempfile::TempDir;

use super::*;

/// The shell that a server would start, in a group of its own.
const SHELL: &str = "exec sh";

/// A runner whose `ssh` is this script.
struct Fake {
    runner: SshRunner,
    _directory: TempDir,
}

fn fake(ssh: &str, mut config: Value) -> Fake {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("ssh");
    // Renamed when it is closed: a process that was being started could hold it open for writing.
    let draft = directory.path().join("draft");
    fs::write(&draft, format!("#!/bin/sh\n{ssh}\n")).unwrap();
    fs::set_permissions(&draft, Permissions::from_mode(0o755)).unwrap();
    fs::rename(draft, &program).unwrap();
    config["program"] = program.to_str().unwrap().into();
    let config = serde_json::from_value(config).unwrap();
    Fake {
        runner: SshRunner::new(config).unwrap(),
        _directory: directory,
    }
}

fn case(command: &str) -> Case {
    workload(KIND, json!({ "host": "web1", "command": command }))
}

/// The command `ssh` with these arguments, and a variable.
fn spec(args: &[&str]) -> TaskSpec {
    let kind = TaskKind::Subprocess(SubprocessSpec {
        mode: SubprocessMode::Command {
            command: COMMAND.to_owned(),
            args: args.iter().map(ToString::to_string).collect(),
        },
        env: TaskEnv::single("OWN", "own"),
        cwd: None,
        fail_on_non_zero: Flag::enabled(),
    });
    TaskSpec::builder("slot", kind, 10_000_u64).build().unwrap()
}

#[test]
fn a_command_s_lines_and_exit_code_are_the_task_s_and_ssh_s_own_are_told_apart() {
    let fake = fake(SHELL, json!({}));
    let ran = testing::run(&fake.runner, case("echo out; echo err >&2; exit 255")).blocking();
    assert_eq!(ran.exit_code(), Some(255), "{ran:?}");
    assert_eq!(
        ran.reason(),
        "failed: the command exited with code 255 on web1"
    );
    assert_eq!(
        (ran.stdout(), ran.stderr()),
        ("out\n".to_owned(), "err\n".to_owned())
    );
    assert!(ran.detail("connectMs").is_some(), "{ran:?}");
    let ended = [("end", "failure")];
    assert!(
        ran.metrics.sample("ssh_sessions_total", &ended).is_some(),
        "{ran:?}"
    );
    assert!(!ran.logged("no process group"), "{ran:?}");
}

#[test]
fn a_command_as_a_command_has_the_environment_of_its_task() {
    let fake = fake(SHELL, json!({}));
    let fields = r#"{"env": {"KEY": "a ${TOKEN}"}}"#;
    let mut labels = Labels::new();
    labels.insert("runs", "ssh");
    let spec = spec(&["web1", "echo $OWN, $KEY, $TOKEN; exit 3", fields]);
    let spec = spec.with_runner_selector(RunnerSelector::from_labels(labels));
    let case = Case::from(spec).host_env("TOKEN", "s3cret");
    let ran = testing::run(&fake.runner, case).blocking();
    assert_eq!(ran.stdout(), "own, a s3cret,\n", "{ran:?}");
    assert_eq!(ran.exit_code(), Some(3), "{ran:?}");
}

#[test]
fn a_cancelled_command_is_asked_to_end_and_what_it_says_still_arrives() {
    let fake = fake(SHELL, json!({}));
    let patient = "trap 'echo cleaning; exit' TERM; echo begun; while :; do sleep 0.05; done";
    let ran = testing::run(&fake.runner, case(patient).cancel_after_line("begun")).blocking();
    assert_eq!(ran.result, Err(Failure::Canceled), "{ran:?}");
    assert_eq!(ran.stdout(), "begun\ncleaning\n", "{ran:?}");
    assert_eq!(ran.metrics.completed("canceled"), 1);
}

#[test]
fn a_command_that_ends_its_own_group_is_not_taken_for_a_cancelled_one() {
    let fake = fake(SHELL, json!({}));
    let ran = testing::run(&fake.runner, case("sleep 60 & kill 0; sleep 60")).blocking();
    assert_eq!(ran.exit_code(), Some(143), "{ran:?}");
}

#[test]
fn a_failure_of_ssh_is_tried_again_where_that_may_help_and_only_there() {
    let refused = "echo 'ssh: connect to host web1 port 22: Connection refused' >&2; exit 255";
    let denied = "echo 'web1: Permission denied (publickey).' >&2; exit 255";
    for (ssh, attempts, cause) in [(refused, 3, "refused"), (denied, 1, "permission_denied")] {
        let fake = fake(ssh, json!({}));
        let retried = case("true").retried().most_attempts(3);
        let ran = testing::run(&fake.runner, retried).blocking();
        assert_eq!(ran.attempts.len(), attempts, "{ran:?}");
        assert_eq!(ran.detail("error"), Some(&Value::from(cause)), "{ran:?}");
        assert_eq!(ran.exit_code(), None);
    }
}

#[test]
fn a_success_that_nobody_has_seen_begin_is_a_failure() {
    let fake = fake("echo 'this account is for files'; exit 0", json!({}));
    let ran = testing::run(&fake.runner, case("true").retried()).blocking();
    assert_eq!(
        ran.detail("error"),
        Some(&Value::from("not_begun")),
        "{ran:?}"
    );
    assert_eq!(ran.attempts.len(), 1);
}

#[test]
fn a_program_that_is_not_there_is_named_and_counted() {
    let config = serde_json::from_value(json!({ "program": "/no/such/ssh" })).unwrap();
    let runner = SshRunner::new(config).unwrap();
    let ran = testing::run(&runner, case("true")).blocking();
    let begins = "failed for good: cannot start \"/no/such/ssh\": ";
    assert!(ran.reason().starts_with(begins), "{ran:?}");
}

#[test]
fn what_a_command_leaves_behind_holds_its_end_up_for_a_while_only() {
    // As a server does, it waits until the last has closed the output.
    let fake = fake("sh; sleep 60", json!({ "linger_ms": 100 }));
    let ran = testing::run(&fake.runner, case("echo done; exit 3")).blocking();
    assert_eq!(ran.exit_code(), Some(3), "{ran:?}");
    assert_eq!(ran.stdout(), "done\n");
    assert!(ran.logged("still held the output"), "{ran:?}");
}

#[test]
fn a_reader_that_is_slow_loses_nothing_of_a_command_that_has_ended() {
    let fake = fake(SHELL, json!({}));
    let reader = Reader::Slow {
        each: Duration::from_millis(300),
        room: 1,
    };
    let ran = testing::run(&fake.runner, case("seq 60000").reader(reader)).blocking();
    assert_eq!(ran.result, Ok(()), "{ran:?}");
    assert_eq!(ran.stdout().lines().count(), 60_000);
    assert!(ran.waits > 0, "{ran:?}");
}

#[test]
fn a_command_of_that_name_is_left_to_others_unless_its_task_selects_the_runner() {
    let runner = SshRunner::new(Config::default()).unwrap();
    let spec = spec(&["web1", "id"]);
    assert!(!runner.supports(&spec));
}
