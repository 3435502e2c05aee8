//! Real containers, where podman and runc work. Each test has a storage of its own.

use std::sync::OnceLock;
use std::time::Duration;

use e2e::{IMAGE, RUN_ARGS};
use solti_model::{ContainerSpec, StreamKind, TaskSpec};
use solti_plugin_host::{RunnerErrorKind, TaskOutcome};
use taskvisor::TaskError;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{
    Attempt, STARTED, completed, configured, failed, failure_of, fatal, outcome, owner, spec_with,
    started, strings, until,
};
use crate::support::{Host, texts};

/// The engine with a storage that goes with it.
struct Podman {
    engine: e2e::Podman,
    _storage: TempDir,
}

impl Podman {
    /// Podman with the image; nothing where it does not work, which is said once.
    fn new() -> Option<Self> {
        static WORKS: OnceLock<bool> = OnceLock::new();
        let works = *WORKS.get_or_init(|| {
            let tried = Self::set_up().and_then(|podman| podman.engine.try_run());
            if let Err(reason) = &tried {
                e2e::skip(&format!(
                    "no real container, as no engine works here: {reason}"
                ));
            }
            tried.is_ok()
        });
        works.then(|| Self::set_up().unwrap())
    }

    fn set_up() -> Result<Self, String> {
        let storage = tempfile::tempdir().unwrap();
        Ok(Self {
            engine: e2e::Podman::set_up(storage.path())?,
            _storage: storage,
        })
    }

    fn call(&self, args: &[&str]) -> String {
        self.engine.call(args).unwrap()
    }

    /// The names of all containers, running or not.
    fn containers(&self) -> Vec<String> {
        let names = self.call(&["ps", "--all", "--format", "{{.Names}}"]);
        names.lines().map(str::to_owned).collect()
    }

    fn host(&self, config: &str) -> Host {
        let host = configured(&(self.engine.config() + config));
        assert!(host.report.rejected().is_empty(), "{}", host.report);
        host
    }

    fn nothing_left(&self) {
        assert_eq!(self.containers(), [""; 0]);
        let volumes = self.call(&["volume", "ls", "--quiet"]);
        assert_eq!(volumes, "");
    }

    async fn everything_goes(&self) {
        until("the container is removed", || self.containers().is_empty()).await;
    }
}

/// A spec that hands `script` to the shell in the image.
fn shell(script: &str) -> TaskSpec {
    shell_with(script, |_| {})
}

fn shell_with(script: &str, change: impl FnOnce(&mut ContainerSpec)) -> TaskSpec {
    spec_with(IMAGE, |spec| {
        spec.command = Some(strings(&["/bin/sh", "-c"]));
        spec.args = strings(&[script]);
        change(spec);
    })
}

/// A shell that says so, and ends when it is asked to.
const POLITE: &str = "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done";

/// A shell that does not: signals without a handler do not reach the first process.
const STUBBORN: &str = "echo ready; while :; do sleep 0.05; done";

#[tokio::test]
async fn a_container_says_hello_again_and_again_and_is_gone() {
    let Some(podman) = Podman::new() else { return };
    let host = podman.host("");
    let task = host.build(&shell("echo hello; echo hello on stderr >&2; cat; id -u"));
    for number in 1..=2 {
        let (end, lines) = host.attempt(&task, CancellationToken::new()).await;
        end.unwrap();
        let (out, err): (Vec<_>, Vec<_>) = lines
            .into_iter()
            .partition(|line| line.stream == StreamKind::Stdout);
        assert_eq!(texts(&out), ["hello", "0"]);
        assert_eq!(texts(&err), ["hello on stderr"]);
        assert!(out.iter().all(|line| line.attempt == number));
        podman.nothing_left();
    }
    assert_eq!(
        host.metrics.all()[..2],
        [STARTED, completed(TaskOutcome::Success)]
    );
}

#[tokio::test]
async fn exit_codes_are_told_from_failures_to_start() {
    let Some(podman) = Podman::new() else { return };
    let host = podman.host("");
    for code in [3, 125, 126, 127] {
        let (end, _) = host.run(&shell(&format!("exit {code}"))).await;
        assert_eq!(failed(end).1, Some(code));
    }
    for (command, reason) in [
        ("/no/such", "the container's command was not found: Error: "),
        (
            "/bin",
            "the container's command cannot be executed: Error: ",
        ),
    ] {
        let spec = spec_with(IMAGE, |spec| spec.command = Some(strings(&[command])));
        let found = fatal(host.run(&spec).await.0);
        assert!(
            found.starts_with(reason) && found.contains(command),
            "{found}"
        );
    }
    podman.nothing_left();

    let host = podman.host("network = \"missing\"");
    let found = fatal(host.run(&shell("true")).await.0);
    assert!(
        found.starts_with("the engine could not start the container: Error: "),
        "{found}"
    );
    podman.nothing_left();
}

/// The arguments of the operator come behind those of the plugin, and the engine takes the last.
#[tokio::test]
async fn more_arguments_of_run_win_over_the_other_fields() {
    let Some(podman) = Podman::new() else { return };
    let config = podman.engine.config().replace(
        "run_args = [",
        "user = \"1000\"\nrun_args = [\"--user=7\", \"--env=WHO=operator\", ",
    );
    let host = configured(&config);
    let spec = shell_with("id -u; echo $WHO", |spec| spec.env.push("WHO", "task"));
    let (end, lines) = host.run(&spec).await;
    end.unwrap();
    assert_eq!(texts(&lines), ["7", "operator"]);
}

#[tokio::test]
async fn an_image_that_is_not_there_is_no_failure_to_start() {
    let Some(podman) = Podman::new() else { return };
    let host = podman.host("");
    for (image, reason) in [
        ("localhost/missing", "image not known"),
        // A name that no image can have.
        ("Localhost/Busybox:test", "must be lower"),
        ("x@sha256:zz", "invalid reference"),
    ] {
        let (end, _) = host.run(&spec_with(image, |_| {})).await;
        let found = failed(end).0;
        let begin = format!(
            "image {image:?} is not on this machine, and config.pull is \"never\": Error: "
        );
        assert!(
            found.starts_with(&begin) && found.contains(reason),
            "{found}"
        );
    }
    assert_eq!(
        host.metrics.all()[..3],
        failure_of(RunnerErrorKind::ModuleLoadFailed)
    );
}

#[tokio::test]
async fn the_environment_is_the_tasks_and_nothing_of_the_hosts() {
    let Some(podman) = Podman::new() else { return };
    let spec = shell_with("env; printf '%s' \"$LINES_OF\"", |spec| {
        spec.env.push("TOKEN", "it's \"quoted\" = $HOME");
        spec.env.push("EMPTY", "");
        spec.env.push("LINES_OF", "one\ntwo");
        spec.env.push("HOME", "/elsewhere");
    });
    let (end, lines) = podman.host("").run(&spec).await;
    end.unwrap();
    let mut lines = texts(&lines);
    for expected in [
        "TOKEN=it's \"quoted\" = $HOME",
        "EMPTY=",
        "LINES_OF=one",
        "two",
        "HOME=/elsewhere",
    ] {
        assert!(lines.contains(&expected), "{expected}: {lines:?}");
    }
    assert_eq!(lines.split_off(lines.len() - 2), ["one", "two"]);
    let mut names: Vec<&str> = lines
        .iter()
        .filter_map(|line| Some(line.split_once('=')?.0))
        .collect();
    names.sort_unstable();
    // What the engine itself and the shell add.
    names.retain(|name| !["HOSTNAME", "PATH", "PWD", "SHLVL", "TERM", "container"].contains(name));
    assert_eq!(names, ["EMPTY", "HOME", "LINES_OF", "TOKEN"]);
}

#[tokio::test]
async fn limits_and_labels_are_those_of_the_configuration() {
    let Some(podman) = Podman::new() else { return };
    let host = podman
        .host("memory = \"64m\"\nread_only = true\nuser = \"1000:1000\"\nstop_grace_seconds = 0");
    let task = host.build(&shell(
        "id -u; echo x 2>/dev/null >/file || echo closed; cat /proc/net/dev | wc -l; \
         echo ready; while :; do sleep 0.05; done",
    ));
    let mut attempt = Attempt::start(&host, &task, Duration::MAX);
    assert_eq!(attempt.line().await, "1000");
    assert_eq!(attempt.line().await, "closed");
    while attempt.line().await != "ready" {}
    let name = podman.containers().remove(0);
    let format = "{{.HostConfig.Memory}} {{.HostConfig.NetworkMode}} \
                  {{index .Config.Labels \"solti.plugin\"}} {{index .Config.Labels \"solti.run\"}} \
                  {{index .Config.Labels \"solti.host\"}}";
    assert_eq!(
        podman.call(&["inspect", "--format", format, &name]),
        format!(
            "67108864 none container {} {}",
            task.name(),
            owner(std::process::id(), started())
        )
    );
    attempt.drop_future().await;
    podman.everything_goes().await;
}

#[tokio::test]
async fn a_cancelled_container_may_say_goodbye_and_is_removed() {
    let Some(podman) = Podman::new() else { return };
    let host = podman.host("");
    let mut attempt = Attempt::of(&host, &shell(POLITE));
    assert_eq!(attempt.line().await, "ready");
    attempt.cancel.cancel();
    assert!(matches!(attempt.end().await, Err(TaskError::Canceled)));
    assert_eq!(attempt.line().await, "bye");
    podman.nothing_left();
    assert_eq!(outcome(&host).await, TaskOutcome::Canceled);
}

#[tokio::test]
async fn a_cancelled_container_that_does_not_end_is_killed() {
    let Some(podman) = Podman::new() else { return };
    let host = podman.host("stop_grace_seconds = 1");
    let mut attempt = Attempt::of(&host, &shell(STUBBORN));
    assert_eq!(attempt.line().await, "ready");
    attempt.cancel.cancel();
    assert!(matches!(attempt.end().await, Err(TaskError::Canceled)));
    podman.nothing_left();
}

#[tokio::test]
async fn a_container_that_is_cancelled_while_it_starts_is_gone_all_the_same() {
    let Some(podman) = Podman::new() else { return };
    let host = podman.host("stop_grace_seconds = 0");
    // Spread over the time that it takes to start one.
    for delay in [0, 40, 80, 120, 160, 240] {
        let mut attempt = Attempt::of(&host, &shell(STUBBORN));
        tokio::time::sleep(Duration::from_millis(delay)).await;
        attempt.cancel.cancel();
        assert!(matches!(attempt.end().await, Err(TaskError::Canceled)));
        podman.nothing_left();
    }
}

#[tokio::test]
async fn a_container_whose_time_is_up_is_removed_in_the_background() {
    const TIMEOUT: Duration = Duration::from_secs(3);
    let Some(podman) = Podman::new() else { return };
    let host = podman.host("stop_grace_seconds = 1");
    let spec = TaskSpec::builder(
        "slot",
        shell(STUBBORN).kind().clone(),
        TIMEOUT.as_millis() as u64,
    )
    .build()
    .unwrap();
    let mut attempt = Attempt::start(&host, &host.build(&spec), TIMEOUT);
    assert_eq!(attempt.line().await, "ready");
    assert!(matches!(
        attempt.end().await,
        Err(TaskError::Timeout { .. })
    ));
    podman.everything_goes().await;
    assert_eq!(outcome(&host).await, TaskOutcome::Timeout);
}

#[tokio::test]
async fn containers_of_a_host_that_was_killed_are_removed_and_others_are_not() {
    let Some(podman) = Podman::new() else { return };
    let run = |name: &str, pid, started| {
        let name = format!("--name={name}");
        let owner = format!("--label=solti.host={}", owner(pid, started));
        let run = ["run", "--detach", "--network=none", "--http-proxy=false"];
        let ours = [&name, "--label=solti.plugin=container", &owner];
        let args = [&run[..], &RUN_ARGS, &ours, &[IMAGE, "sleep", "600"]].concat();
        podman.call(&args);
    };
    let pid = std::process::id();
    run("gone", pid, started() - 1);
    run("other", pid, started());
    podman.host("").run(&shell("true")).await.0.unwrap();
    until("the one is removed", || podman.containers() == ["other"]).await;
    podman.call(&["rm", "--force", "--time=0", "other"]);
    podman.nothing_left();
}
