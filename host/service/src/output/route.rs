//! Where the output of bridged tasks goes: into channels of ours, which are tapped.

use std::sync::{Arc, OnceLock, Weak};

use solti_model_published::Task;
use solti_plugin_bridge::{Invocation, OutputRoute, TaskOutput, is_cron};
use solti_plugin_host::OutputRegistry;
use solti_plugin_host::solti_model::TaskId;
use solti_runner_published::OutputPublisherHandle;

use super::drain::{drain, tap_options};
use super::outputs::Outputs;
use crate::store::Seq;

/// Who is told which tasks are built, and which of those are no more.
pub(crate) trait Built: Send + Sync {
    /// A task is about to be built, which may count runs of its own; the number of its record, where it
    /// has one.
    fn built(&self, name: &str, generation: u64, counts_runs: bool) -> Option<Seq>;

    /// One of these runs has begun or ended.
    fn invoked(&self, name: &str, generation: u64, invocation: &Invocation);

    /// An attempt begins, with this number of its generation; who supervises it may tell so later.
    fn begun(&self, name: &str, generation: u64, number: u32);

    /// A plugin runs an attempt of it, or a part of one.
    fn run_by(&self, name: &str, plugin: &str);

    /// It is gone: there will be no further attempt.
    fn gone(&self, name: &str, generation: u64);
}

/// The way of output into the logs.
pub(crate) struct Route {
    outputs: Arc<Outputs>,
    /// Known only once there are plugins.
    built: OnceLock<Weak<dyn Built>>,
}

impl Route {
    pub(crate) fn new(outputs: Arc<Outputs>) -> Arc<Self> {
        Arc::new(Self {
            outputs,
            built: OnceLock::new(),
        })
    }

    /// Says who is told; before the first task is built.
    pub(crate) fn tell(&self, built: Weak<dyn Built>) {
        // Nobody says so twice.
        let _ = self.built.set(built);
    }

    fn built(&self) -> Option<Arc<dyn Built>> {
        self.built.get().and_then(Weak::upgrade)
    }
}

impl OutputRoute for Route {
    fn begin(&self, task: &Task, _: &OutputPublisherHandle) -> Box<dyn TaskOutput> {
        let name = task.name().as_str().to_owned();
        let generation = task.metadata().generation();
        let built = self.built();
        let seq = built
            .as_ref()
            .and_then(|built| built.built(&name, generation, is_cron(task.spec().workload())));
        Box::new(Kept {
            outputs: Arc::clone(&self.outputs),
            built: self.built.get().cloned(),
            name,
            generation,
            seq,
        })
    }
}

/// The output of one task.
struct Kept {
    outputs: Arc<Outputs>,
    built: Option<Weak<dyn Built>>,
    name: String,
    generation: u64,
    seq: Option<Seq>,
}

impl TaskOutput for Kept {
    fn registry(&self) -> &Arc<OutputRegistry> {
        &self.outputs.registry
    }

    fn built(&self, channel: &TaskId) {
        let live = self.seq.and_then(|seq| self.outputs.use_live(seq));
        let tap = self.outputs.registry.tap(channel, tap_options());
        if let (Some(live), Some(tap)) = (live, tap) {
            let draining = drain(Arc::clone(&self.outputs), live, tap);
            self.outputs.runtime.spawn(draining);
        }
    }

    fn begun(&self, number: u32) {
        if let Some(built) = self.built.as_ref().and_then(Weak::upgrade) {
            built.begun(&self.name, self.generation, number);
        }
    }

    fn run_by(&self, plugin: &str) {
        if let Some(built) = self.built.as_ref().and_then(Weak::upgrade) {
            built.run_by(&self.name, plugin);
        }
    }

    fn invoked(&self, invocation: &Invocation) {
        if let Some(built) = self.built.as_ref().and_then(Weak::upgrade) {
            built.invoked(&self.name, self.generation, invocation);
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(built) = self.built.as_ref().and_then(Weak::upgrade) {
            built.gone(&self.name, self.generation);
        }
    }
}
