//! The channel that a build makes for its task.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use solti_model::TaskId;
use tokio_util::sync::CancellationToken;

use crate::output::OutputRegistry;

/// A task's channel, which goes with the task where its build was cancelled: nobody else knows its id
/// then. In a plugin the host sees to that.
pub(super) struct NewChannel {
    output: Arc<OutputRegistry>,
    id: TaskId,
    build: CancellationToken,
    /// Whether nobody but this build has had to do with the channel.
    is_unused: AtomicBool,
}

impl NewChannel {
    /// Sees to it that `id` has a channel.
    pub(super) fn ensure(
        output: &Arc<OutputRegistry>,
        id: &TaskId,
        build: &CancellationToken,
    ) -> Self {
        let made = output.make_channel(id.clone());
        Self {
            output: Arc::clone(output),
            id: id.clone(),
            build: build.clone(),
            is_unused: AtomicBool::new(made),
        }
    }

    /// Says that an attempt begins: from now on the channel is the supervisor's.
    pub(super) fn is_used(&self) {
        self.is_unused.store(false, Ordering::Relaxed);
    }
}

impl Drop for NewChannel {
    fn drop(&mut self) {
        if *self.is_unused.get_mut() && self.build.is_cancelled() {
            self.output.evict(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_channel_that_a_cancelled_build_has_made_goes_with_its_task() {
        let output = Arc::new(OutputRegistry::default());
        let id = TaskId::from("run-1");
        let build = CancellationToken::new();
        let left = |channel: NewChannel| {
            drop(channel);
            output.active_channels()
        };
        let ensure = || NewChannel::ensure(&output, &id, &build);
        // Of a build that went well it is the supervisor's.
        assert_eq!(left(ensure()), 1);
        // It was there before.
        build.cancel();
        assert_eq!(left(ensure()), 1);
        output.evict(&id);
        assert_eq!(left(ensure()), 0);
        // An attempt has begun.
        let channel = ensure();
        channel.is_used();
        assert_eq!(left(channel), 1);
    }
}
