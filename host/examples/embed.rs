//! A host of your own: loads plugins, runs one command through them, ends.
//!
//! ```console
//! $ cargo run -p solti-plugin-host --example embed -- target/plugins echo hello
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program")]

use std::error::Error;
use std::time::Duration;

use solti_plugin_host::solti_model::{
    Flag, OutputEvent, SubprocessMode, SubprocessSpec, TaskEnv, TaskId, TaskKind, TaskSpec,
};
use solti_plugin_host::taskvisor::TaskError;
use solti_plugin_host::tokio_util::sync::CancellationToken;
use solti_plugin_host::{PluginLoader, RunnerRouter, exit_now, probe_main};
use tokio::runtime::Runtime;
use tokio::sync::broadcast::{Receiver, error::RecvError};

fn main() {
    // First of all, before there is a runtime: plugins are tried in a process of this same program.
    probe_main();
    let code = match host() {
        Ok(()) => 0,
        Err(err) => {
            eprintln!("{err}");
            1
        }
    };
    // Not by returning: that would run the destructors of plugins beside threads of theirs.
    exit_now(code)
}

fn host() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let directory = args.next().ok_or("usage: embed DIR COMMAND [ARG]...")?;
    let spec = command(args)?;

    let mut router = RunnerRouter::new();
    let report = PluginLoader::new().load_dir(directory, &mut router)?;
    println!("{report}");
    let end = Runtime::new()?.block_on(run_once(&router, &spec));
    for plugin in report.loaded() {
        plugin.handle.shutdown(Duration::from_secs(5));
    }
    end
}

/// Has the task of a spec built and makes one attempt at it: what a supervisor does.
async fn run_once(router: &RunnerRouter, spec: &TaskSpec) -> Result<(), Box<dyn Error>> {
    let task = router.build(spec)?;
    // A task is named after its channel. Who wants all lines subscribes before the first attempt.
    let id = TaskId::from(task.name());
    let output = router.context().output_registry();
    output.ensure_channel(id.clone());
    let events = output.subscribe(&id).ok_or("the channel is gone")?;
    let printed = tokio::spawn(print(events));

    // Cancelling the token asks the attempt to end; dropping the attempt, as a timeout does, ends it.
    let token = CancellationToken::new();
    let timeout = Duration::from_millis(spec.timeout().as_millis());
    output.announce_run_started(&id, 1);
    let end = match tokio::time::timeout(timeout, task.spawn(token)).await {
        Ok(end) => end,
        Err(_) => Err(TaskError::Timeout { timeout }),
    };
    let exit_code = end.as_ref().err().and_then(TaskError::exit_code);
    output.announce_run_finished(&id, 1, exit_code);

    // No further attempt: without the task and its channel the events come to their end.
    drop(task);
    output.evict(&id);
    printed.await?;
    Ok(end?)
}

async fn print(mut events: Receiver<OutputEvent>) {
    loop {
        match events.recv().await {
            Ok(OutputEvent::Chunk(chunk)) => println!("{}", String::from_utf8_lossy(&chunk.line)),
            Err(RecvError::Closed) => return,
            // An attempt begins or ends; or events came too fast for this program and are lost.
            _ => {}
        }
    }
}

/// A spec of the kind `subprocess`: the next word is the command, the others are its arguments.
fn command(mut words: impl Iterator<Item = String>) -> Result<TaskSpec, Box<dyn Error>> {
    let kind = TaskKind::Subprocess(SubprocessSpec {
        mode: SubprocessMode::Command {
            command: words.next().ok_or("no command is given")?,
            args: words.collect(),
        },
        env: TaskEnv::default(),
        cwd: None,
        fail_on_non_zero: Flag::enabled(),
    });
    Ok(TaskSpec::builder("embed", kind, 60_000_u64).build()?)
}
