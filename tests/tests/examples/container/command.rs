//! What the engine is asked to run.

use std::sync::Arc;

use solti_model::{OutputEvent, RunnerEnv, TaskId};
use solti_plugin_host::{BuildContext, OutputRegistry, PluginLoader, RunnerRouter, TaskOutcome};
use tokio_util::sync::CancellationToken;

use super::fake::Fake;
use super::{STARTED, completed, owner, spec, spec_with, started, strings};
use crate::support::{directory_with, texts};

#[tokio::test]
async fn without_configuration_a_container_has_no_network_and_nothing_of_the_host() {
    let fake = Fake::new();
    let host = fake.host();
    let task = host.build(&spec());
    let (end, _) = host.attempt(&task, CancellationToken::new()).await;
    end.unwrap();
    let pid = std::process::id();
    let name = format!("solti-{}-1-{pid}-{}", task.name(), started());
    assert_eq!(
        fake.calls_of("run"),
        [format!(
            "run|--name={name}|--network=none|--pull=never|--label=solti.plugin=container|\
             --label=solti.run={}|--label=solti.host={}|--http-proxy=false|image|",
            task.name(),
            owner(pid, started()),
        )]
    );
    assert_eq!(
        fake.calls_of("rm"),
        [format!("rm|--force|--volumes|{name}|")]
    );
    assert_eq!(
        host.metrics.all(),
        [STARTED, completed(TaskOutcome::Success)]
    );
}

#[tokio::test]
async fn every_setting_reaches_the_engine_where_the_engine_expects_it() {
    const CONFIG: &str = r#"
        runtime = "runc"
        global_args = ["--root=/r", "--debug"]
        run_args = ["--cap-drop=all", "--memory=1g"]
        network = "tasks"
        memory = "64m"
        cpus = 1.5
        read_only = true
        user = "1000:1000"
    "#;
    let spec = spec_with("image", |spec| {
        spec.command = Some(strings(&["/bin/prog", "two words"]));
        spec.args = strings(&["", "$HOME", "--rm"]);
    });
    for (version, global, own) in [
        (
            "podman version 4.3.1",
            "--runtime=runc|",
            "--http-proxy=false",
        ),
        ("Docker version 28.2.2, build 0", "", "--runtime=runc"),
    ] {
        let fake = Fake::new().on("version", &format!("echo '{version}'; exit"));
        let host = fake.host_with(CONFIG);
        host.run(&spec).await.0.unwrap();
        let run = fake.calls_of("run").remove(0);
        let (global_args, rest) = run.split_once("run|").unwrap();
        assert_eq!(global_args, format!("--root=/r|--debug|{global}"));
        let (_, own_args) = rest.split_once("--label=solti.host=").unwrap();
        let (_, own_args) = own_args.split_once('|').unwrap();
        assert_eq!(
            own_args,
            format!(
                "--memory=64m|--cpus=1.5|--user=1000:1000|--read-only|{own}|--cap-drop=all|\
                 --memory=1g|--entrypoint=/bin/prog|image|two words||$HOME|--rm|"
            )
        );
        assert!(rest.contains("--network=tasks|"), "{rest}");
        let rm = fake.calls_of("rm").remove(0);
        assert!(
            rm.starts_with(&format!("--root=/r|--debug|{global}rm|")),
            "{rm}"
        );
    }
}

#[tokio::test]
async fn values_get_past_the_engine_unseen_and_those_it_reads_itself_do_not_change_it() {
    let fake = Fake::new().on(
        "run",
        r#"printf '%s\n' "$TOKEN" "$WHO" "${DOCKER_HOST-unset}" "$PATH"; exit"#,
    );
    let directory = directory_with(&["container"]);
    let program = fake.directory().join("engine");
    let sidecar = format!("[config]\nengine = {program:?}\n");
    std::fs::write(directory.path().join("container.toml"), sidecar).unwrap();
    let mut env = RunnerEnv::default();
    env.push("WHO", "runner");
    let registry = Arc::new(OutputRegistry::default());
    let context = BuildContext::default()
        .with_env(env)
        .with_output_registry(Arc::clone(&registry));
    let mut router = RunnerRouter::new().with_context(context);
    PluginLoader::new()
        .load_dir(directory.path(), &mut router)
        .unwrap();

    let spec = spec_with("image", |spec| {
        spec.env.push("TOKEN", "geheim");
        spec.env.push("WHO", "task");
        spec.env.push("DOCKER_HOST", "tcp://elsewhere");
        spec.env.push("PATH", "/task/bin");
    });
    let task = router.build(&spec).unwrap();
    let mut lines = registry.subscribe(&TaskId::from(task.name())).unwrap();
    task.spawn(CancellationToken::new()).await.unwrap();
    let mut next = || match lines.try_recv() {
        Ok(OutputEvent::Chunk(chunk)) => String::from_utf8(chunk.line.to_vec()).unwrap(),
        other => panic!("{other:?}"),
    };
    assert_eq!([next(), next()], ["geheim", "runner"]);
    assert_eq!(
        next(),
        std::env::var("DOCKER_HOST").unwrap_or("unset".to_owned())
    );
    assert_eq!(next(), std::env::var("PATH").unwrap());
    let run = fake.calls_of("run").remove(0);
    let (_, env) = run.split_once("--http-proxy=false|").unwrap();
    assert_eq!(
        env,
        "--env=DOCKER_HOST=tcp://elsewhere|--env=PATH=/task/bin|--env=TOKEN|--env=WHO|image|"
    );
}

#[tokio::test]
async fn each_attempt_has_a_container_of_its_own_name_that_every_engine_takes() {
    let fake = Fake::new();
    let host = fake.host();
    let slot = format!("a.slot_with-much-{}", "x".repeat(40));
    let spec = solti_model::TaskSpec::builder(slot, spec().kind().clone(), 60_000_u64)
        .build()
        .unwrap();
    let task = host.build(&spec);
    for _ in 0..2 {
        let (end, _) = host.attempt(&task, CancellationToken::new()).await;
        end.unwrap();
    }
    host.run(&spec).await.0.unwrap();
    let names: Vec<String> = fake
        .calls_of("run")
        .iter()
        .map(|call| call.split('|').nth(1).unwrap().replace("--name=", ""))
        .collect();
    let distinct: std::collections::HashSet<_> = names.iter().collect();
    assert_eq!(distinct.len(), 3, "{names:?}");
    for name in names {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        assert!(name.len() <= 76 && name.bytes().all(allowed), "{name}");
    }
}

#[tokio::test]
async fn lines_keep_their_stream_and_order_and_long_ones_are_cut() {
    let fake = Fake::new().on(
        "run",
        "echo out; echo 0123456789ab; echo err >&2; printf last; exit",
    );
    let host = fake.host_with("max_line_bytes = 10");
    let (end, lines) = host.run(&spec()).await;
    end.unwrap();
    let (out, err): (Vec<_>, Vec<_>) = lines
        .into_iter()
        .partition(|line| line.stream == solti_model::StreamKind::Stdout);
    assert_eq!(
        texts(&out),
        ["out", "0123456789… [cut at 10 bytes]", "last"]
    );
    assert_eq!(texts(&err), ["err"]);
}

#[tokio::test]
async fn the_engine_has_nothing_to_read_from_the_host() {
    let fake = Fake::new().on("run", "cat; readlink /proc/self/fd/0; exit");
    let (end, lines) = fake.host().run(&spec()).await;
    end.unwrap();
    assert_eq!(texts(&lines), ["/dev/null"]);
}
