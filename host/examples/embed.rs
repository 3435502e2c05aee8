//! A host of your own: `cargo run -p solti-plugin-host --example embed -- target/plugins echo hello`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program")]

use std::{env, error::Error, io, time::Duration};

use solti_plugin_host::solti_model::{
    Flag, SubprocessMode, SubprocessSpec, TaskEnv, TaskKind, TaskSpec,
};
use solti_plugin_host::supervise::{Supervisor, TaskOutput};
use solti_plugin_host::{PluginLoader, RunnerRouter, exit_now, probe_main};

fn main() {
    // First of all, before there is a runtime: plugins are tried in a process of this same program.
    probe_main();
    let end = host().inspect_err(|err| eprintln!("{err}"));
    // Not by returning: that would run the destructors of plugins beside threads of theirs.
    exit_now(end.is_err().into())
}

fn host() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let directory = args.next().ok_or("usage: embed DIR COMMAND [ARG]...")?;
    let mut router = RunnerRouter::new();
    let report = PluginLoader::new().load_dir(directory, &mut router)?;
    println!("{report}");
    let command = args.next().ok_or("no command is given")?;
    let kind = TaskKind::Subprocess(SubprocessSpec {
        mode: SubprocessMode::Command {
            command,
            args: args.collect(),
        },
        env: TaskEnv::default(),
        cwd: None,
        fail_on_non_zero: Flag::enabled(),
    });
    let spec = TaskSpec::builder("embed", kind, 60_000_u64).build()?;
    let end = tokio::runtime::Runtime::new()?.block_on(async {
        let print = async |output: TaskOutput| output.write_to(io::stdout(), io::stderr()).await;
        Supervisor::new(router).run(spec, print).await
    })?;
    for plugin in report.loaded() {
        plugin.handle.shutdown(Duration::from_secs(5));
    }
    Ok(end.result()?)
}
