//! The channels that a build makes in the host's registry.

use std::sync::Arc;

use parking_lot::Mutex;
use solti_model::TaskId;
use solti_plugin_abi::OutputRegistry;

use crate::services::contain::{Contained, contain};

/// What a plugin has made for one build.
pub(super) struct Made(Mutex<Build>);

/// How far the build has come.
enum Build {
    /// It has made the channels of these tasks so far.
    UnderWay(Vec<TaskId>),
    /// It led to a task: the channels are the supervisor's.
    Built,
    /// Nobody waits for it any more.
    GivenUp,
}

impl Made {
    /// Sees to it that `id` has a channel, unless the build was given up; whether it was not.
    pub(super) fn ensure(&self, registry: &OutputRegistry, id: TaskId) -> bool {
        let mut build = self.0.lock();
        match &mut *build {
            Build::GivenUp => return false,
            Build::Built => registry.ensure_channel(id),
            Build::UnderWay(made) => {
                if registry.make_channel(id.clone()) {
                    made.push(id);
                }
            }
        }
        true
    }
}

/// The channels of a build under way. Unless they are kept they go, for nobody knows their ids: those
/// that it has made, not those that were there.
pub(crate) struct BuildChannels {
    registry: Arc<Contained<Arc<OutputRegistry>>>,
    made: Arc<Made>,
}

impl BuildChannels {
    pub(super) fn of(registry: &Arc<Contained<Arc<OutputRegistry>>>) -> Self {
        Self {
            registry: Arc::clone(registry),
            made: Arc::new(Made(Mutex::new(Build::UnderWay(Vec::new())))),
        }
    }

    pub(super) fn made(&self) -> Arc<Made> {
        Arc::clone(&self.made)
    }

    /// Says that the build led to a task.
    pub(crate) fn keep(self) {
        *self.made.0.lock() = Build::Built;
    }
}

impl Drop for BuildChannels {
    fn drop(&mut self) {
        let mut build = self.made.0.lock();
        if let Build::UnderWay(made) = &mut *build {
            let made = std::mem::take(made);
            *build = Build::GivenUp;
            drop(build);
            for id in made {
                contain("output", (), || self.registry.get().evict(&id));
            }
        }
    }
}
