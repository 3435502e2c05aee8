//! What a host does with a plugin from its first task to its end, with a task that the SDK brings.
//!
//! What of it fails is the plugin's to tell when it is loaded, and a host goes on: only what ends a
//! process, keeps it for ever or comes out wrong speaks against the file.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use solti_model::{RunnerEnv, TaskId, TaskSpec};
use solti_plugin_abi::v1::call::DESCRIBE;
use solti_plugin_abi::v1::rehearsal::LINE;
use solti_plugin_abi::{
    BuildContext, OutputRegistry, RunId, Runner as _, TapEvent, TapOptions, Workload, noop_metrics,
};
use taskvisor::{TaskError, TaskRef};
use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;

use super::log::ProbeLog;
use crate::foreign::ForeignRunner;
use crate::loader::connect::Connected;

/// The slot, and the id, of its tasks.
const NAME: &str = "rehearsal";

/// The streams to which the task writes. What it logs need not come: an author may have a subscriber of
/// his own.
const STREAMS: usize = 2;

/// How long the plugin's runtime may take to stop; the probe itself has a limit, too.
const GRACE: Duration = Duration::from_secs(2);

/// Has a plugin that is connected work, and drops all of it; what came out wrong.
pub(super) fn perform(connected: Connected, log: &ProbeLog) -> Result<(), String> {
    let Connected { plugin, runners } = connected;
    // It is told of that with its first task.
    log.expect_work();
    // Without one, for want of descriptors say, there is nothing to try it with.
    let Ok(runtime) = Builder::new_current_thread().enable_time().build() else {
        return Ok(());
    };
    let (samples, mut worked) = (samples(), Ok(()));
    for runner in &runners {
        ask(runner, &samples);
        worked = worked.and(runtime.block_on(work(runner)));
    }
    // What it says of itself is the author's to say.
    runtime.block_on(plugin.call(DESCRIBE, Bytes::new())).ok();
    plugin.drain();
    runtime.block_on(plugin.idle());
    drop(runners);
    plugin.shutdown(GRACE);
    worked
}

/// Asks whether the runner takes tasks of each kind; what it answers is its own to say.
fn ask(runner: &ForeignRunner, samples: &[TaskSpec]) {
    for spec in samples {
        runner.supports(spec);
    }
    runner.supports_workload(&Workload::new(NAME, "Rehearsal", 1_000_u64, Value::Null));
    runner.build_run_id(NAME);
}

/// Specs of each kind, of which no task is built.
fn samples() -> Vec<TaskSpec> {
    serde_json::from_str(include_str!("samples.json")).expect("a test has read it")
}

/// Builds, runs and cancels the task; runs it again, and drops that in the middle.
async fn work(runner: &ForeignRunner) -> Result<(), String> {
    let output = Arc::new(OutputRegistry::new(STREAMS));
    let id = TaskId::from(NAME);
    let context = BuildContext::new(RunnerEnv::default(), noop_metrics())
        .with_output_registry(Arc::clone(&output))
        .with_run_id(RunId::from_parts(NAME.to_owned(), 1));
    // A plugin of another SDK has no such task, and one without threads says so when it is used.
    let Ok(task) = runner.rehearse(&context).await else {
        return Ok(());
    };
    let written = run_until_cancelled(&task, &output, &id).await?;
    let expected = format!("{LINE}\n").repeat(STREAMS);
    if written != expected.as_bytes() {
        return Err(format!("it wrote {:?}", String::from_utf8_lossy(&written)));
    }
    // Dropped in the middle, as at a time-out; and a build that nobody waits for.
    let dropped = task.spawn(CancellationToken::new());
    drop(tokio::time::timeout(Duration::from_millis(1), dropped).await);
    drop(runner.rehearse(&context));
    Ok(())
}

/// Runs one attempt and cancels it; what it wrote, all of which is there before.
async fn run_until_cancelled(
    task: &TaskRef,
    output: &OutputRegistry,
    id: &TaskId,
) -> Result<Vec<u8>, String> {
    let Some(mut tap) = output.tap(id, TapOptions::default()) else {
        return Err("it has no output".to_owned());
    };
    let cancel = CancellationToken::new();
    let mut attempt = task.spawn(cancel.clone());
    let mut written = Vec::new();
    let mut blocks = 0;
    while blocks < STREAMS {
        tokio::select! {
            event = tap.next() => match event {
                Some(TapEvent::Block(block)) => {
                    written.extend_from_slice(&block.bytes);
                    blocks += 1;
                }
                Some(_) => {}
                None => return Err("its output ended before it did".to_owned()),
            },
            ended = &mut attempt => return Err(match ended {
                Ok(()) => "it ended by itself".to_owned(),
                Err(err) => err.to_string(),
            }),
        }
    }
    cancel.cancel();
    match attempt.await {
        Err(TaskError::Canceled) => Ok(written),
        other => Err(format!("it was cancelled, and ended with {other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_spec_of_each_kind() {
        let specs = samples();
        let kinds: Vec<_> = specs.iter().map(|spec| spec.kind().kind()).collect();
        assert_eq!(kinds, ["subprocess", "subprocess", "wasm", "container"]);
    }
}
