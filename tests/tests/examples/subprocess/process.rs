//! How a process is started: its command line, environment, directory, script and exit.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use solti_model::{Flag, OutputEvent, RunnerEnv, Runtime, TaskId};
use solti_plugin_host::{
    BuildContext, OutputRegistry, PluginLoader, RunnerRouter, RunnerType, TaskOutcome,
};
use tokio_util::sync::CancellationToken;

use super::{Attempt, host, script, shell, shell_with};
use crate::support::{Record, alone, command, directory_with, texts};

#[tokio::test]
async fn arguments_arrive_as_they_are() {
    let host = host();
    let args = ["%s\\n", "two words", "", "$HOME", "*"];
    let (end, lines) = host.run(&command("slot", "printf", &args)).await;
    end.unwrap();
    assert_eq!(texts(&lines), ["two words", "", "$HOME", "*"]);
    assert_eq!(
        host.metrics.all(),
        [
            Record::Started(RunnerType::Subprocess),
            Record::Completed(RunnerType::Subprocess, TaskOutcome::Success),
        ]
    );
}

#[tokio::test]
async fn a_script_runs_from_a_private_file_again_and_again_and_leaves_nothing() {
    let host = host();
    let body = "printf '%s\\n' \"$0\" \"$(stat -c %a \"$0\")\" \"$@\"\n";
    let task = host.build(&script(Runtime::Bash, body, &["a b", "c"]));
    let mut file = String::new();
    for attempt in 1..=2 {
        let (end, lines) = host.attempt(&task, CancellationToken::new()).await;
        end.unwrap();
        assert_eq!(texts(&lines)[1..], ["600", "a b", "c"]);
        assert!(lines.iter().all(|line| line.attempt == attempt));
        assert!(file.is_empty() || file == lines[0].text);
        file.clone_from(&lines[0].text);
        assert!(Path::new(&file).exists());
    }
    drop(task);
    assert!(!Path::new(&file).exists());
}

#[tokio::test]
async fn a_script_file_stays_until_the_last_attempt_ends() {
    let host = host();
    let task = host.build(&script(
        Runtime::Bash,
        "echo $0\nread x <$1\necho end\n",
        &["/dev/null"],
    ));
    let mut attempt = Attempt::start(&host, &task);
    drop(task);
    let file = attempt.line().await;
    assert_eq!(attempt.line().await, "end");
    let _ = attempt.end().await;
    super::until("the file is removed", || !Path::new(&file).exists()).await;
}

#[tokio::test]
async fn each_runtime_gets_the_file_and_the_arguments() {
    let host = host();
    let custom = Runtime::Custom {
        command: "sh".to_owned(),
        flag: "-c".to_owned(),
    };
    let cases = [
        (Runtime::Bash, "echo $BASH_VERSION $1 >&2; echo $1"),
        (Runtime::Python, "import sys; print(sys.argv[1])"),
        (Runtime::Node, "console.log(process.argv[2])"),
        (custom, "echo $1"),
    ];
    for (runtime, body) in cases {
        let interpreter = runtime.resolve().0.to_owned();
        if Command::new(&interpreter)
            .arg("--version")
            .output()
            .is_err()
        {
            e2e::skip(&format!("{interpreter} is not installed"));
            continue;
        }
        let (end, lines) = host.run(&script(runtime, body, &["argument"])).await;
        end.unwrap_or_else(|err| panic!("{interpreter}: {err}: {lines:?}"));
        assert!(
            texts(&lines).contains(&"argument"),
            "{interpreter}: {lines:?}"
        );
    }
}

#[tokio::test]
async fn the_environment_is_the_hosts_then_the_tasks_then_the_runners() {
    let directory = directory_with(&["subprocess"]);
    let mut env = RunnerEnv::default();
    env.push("WHO", "runner");
    env.push("RUNNER", "runner");
    let registry = Arc::new(OutputRegistry::default());
    let context = BuildContext::default()
        .with_env(env)
        .with_output_registry(Arc::clone(&registry));
    let mut router = RunnerRouter::new().with_context(context);
    PluginLoader::new()
        .load_dir(directory.path(), &mut router)
        .unwrap();

    let spec = shell_with("echo $WHO $TASK $RUNNER; echo \"$PATH\"", |spec| {
        spec.env.push("WHO", "task");
        spec.env.push("TASK", "task");
    });
    let task = router.build(&spec).unwrap();
    let mut lines = registry.subscribe(&TaskId::from(task.name())).unwrap();
    task.spawn(CancellationToken::new()).await.unwrap();
    let mut next = || match lines.try_recv() {
        Ok(OutputEvent::Chunk(chunk)) => String::from_utf8(chunk.line.to_vec()).unwrap(),
        other => panic!("{other:?}"),
    };
    assert_eq!(next(), "runner task runner");
    assert_eq!(next(), std::env::var("PATH").unwrap());
}

#[tokio::test]
async fn a_task_runs_in_its_working_directory() {
    let host = host();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().canonicalize().unwrap();
    let spec = shell_with("pwd -P", |spec| spec.cwd = Some(path.clone()));
    let (end, lines) = host.run(&spec).await;
    end.unwrap();
    assert_eq!(texts(&lines), [path.to_str().unwrap()]);
}

#[tokio::test]
async fn a_task_that_reads_its_input_does_not_wait_for_the_hosts() {
    const TEST: &str =
        "subprocess::process::a_task_that_reads_its_input_does_not_wait_for_the_hosts";
    let (_open, input) = std::io::pipe().unwrap();
    if !alone(TEST, |command| {
        command.stdin(input);
    }) {
        return;
    }
    let host = host();
    let (end, lines) = host.run(&shell("cat; readlink /proc/self/fd/0")).await;
    end.unwrap();
    assert_eq!(texts(&lines), ["/dev/null"]);
}

#[tokio::test]
async fn an_exit_code_is_a_success_where_the_spec_says_so() {
    let host = host();
    let spec = shell_with("exit 3", |spec| spec.fail_on_non_zero = Flag::disabled());
    let (end, _) = host.run(&spec).await;
    end.unwrap();
}

#[tokio::test]
async fn attempts_are_counted_and_a_subscriber_may_come_before_the_first() {
    let host = host();
    let task = host.build(&shell("echo line"));
    assert!(
        task.name().starts_with("subprocess-slot-"),
        "{}",
        task.name()
    );
    // Not even the test's own `ensure_channel` has been called yet.
    assert!(
        host.registry
            .subscribe(&TaskId::from(task.name()))
            .is_some()
    );
    for attempt in 1..=3 {
        let (end, lines) = host.attempt(&task, CancellationToken::new()).await;
        end.unwrap();
        assert_eq!((lines[0].attempt, lines[0].seq), (attempt, 0));
    }
}

#[tokio::test]
async fn a_process_that_ended_is_reaped() {
    let host = host();
    let (end, lines) = host.run(&shell("echo $$")).await;
    end.unwrap();
    super::reaped(lines[0].text.parse().unwrap()).await;
}
