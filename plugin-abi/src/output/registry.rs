//! The channels of all tasks, by task id.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::panic::UnwindSafe;
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::RwLock;
use solti_model::{OutputEvent, TaskId};
use tokio::sync::broadcast;

use super::backend::OutputBackend;
use super::channel::Channel;
use super::sink::OutputSink;
use super::tap::{Tap, TapOptions};

/// Events a channel keeps for a slow subscriber, unless the registry is made with another number.
const DEFAULT_CAPACITY: usize = 1024;

/// One broadcast channel per task, shared by all its attempts.
///
/// The supervisor, which is the host's own code, announces attempts and evicts the channel when the
/// task is over; runners take a sink per attempt; anybody in the host may subscribe. Nothing here
/// happens by itself: without announcements subscribers see only lines, and a channel that is not
/// evicted stays, with its memory, for the life of the registry.
///
/// No method blocks for longer than it takes to look up a channel.
///
/// Inside a plugin this is a handle to the host's registry. A plugin can write and announce; it
/// cannot listen, so [`subscribe`](Self::subscribe) answers `None` there.
pub struct OutputRegistry {
    channels: Channels,
}

enum Channels {
    Local {
        by_task: RwLock<HashMap<TaskId, Arc<Channel>>>,
        capacity: usize,
    },
    Backend(Box<dyn OutputBackend>),
}

// A panic in any of its methods leaves a channel there or not, and nothing between.
impl UnwindSafe for OutputRegistry {}

impl OutputRegistry {
    /// Makes an empty registry whose channels keep `capacity` events for a slow subscriber.
    ///
    /// `capacity` must be at least 1 and at most `usize::MAX / 2`, or creating a channel panics. A
    /// channel rounds it up to a power of two, and takes about 100 bytes for each event as soon as it has
    /// a subscriber.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            channels: Channels::Local {
                by_task: RwLock::default(),
                capacity,
            },
        }
    }

    /// Makes a registry in front of another kind of one, which does all the work.
    /// [`subscribe`](Self::subscribe) answers `None` then.
    #[must_use]
    pub fn with_backend(backend: impl OutputBackend + 'static) -> Self {
        Self {
            channels: Channels::Backend(Box::new(backend)),
        }
    }

    /// Creates the channel of `task_id` unless there is one, so that subscribers can come before the
    /// first attempt.
    ///
    /// # Panics
    ///
    /// When the registry was made with a capacity of 0, or of more than `usize::MAX / 2`.
    pub fn ensure_channel(&self, task_id: TaskId) {
        self.make_channel(task_id);
    }

    /// As [`ensure_channel`](Self::ensure_channel), and answers whether it made the channel; never where
    /// that is not known, as in a plugin.
    #[doc(hidden)]
    pub fn make_channel(&self, task_id: TaskId) -> bool {
        match &self.channels {
            Channels::Local { by_task, capacity } => channel_of(by_task, task_id, *capacity).1,
            Channels::Backend(registry) => {
                registry.ensure_channel(&task_id);
                false
            }
        }
    }

    /// Makes a sink for one attempt at `task_id`, creating the channel unless there is one.
    ///
    /// Sequence numbers start at 0 for each stream of each sink.
    ///
    /// # Panics
    ///
    /// As [`ensure_channel`](Self::ensure_channel).
    pub fn sink_for(&self, task_id: TaskId, attempt: u32) -> OutputSink {
        match &self.channels {
            Channels::Local { by_task, capacity } => {
                OutputSink::for_channel(channel_of(by_task, task_id, *capacity).0, attempt)
            }
            Channels::Backend(registry) => {
                OutputSink::with_backend(registry.sink_for(&task_id, attempt), attempt)
            }
        }
    }

    /// Subscribes to the channel of `task_id`; `None` when there is none, and always in a plugin.
    ///
    /// The receiver sees every event sent from now on. One that falls behind by more than the
    /// capacity gets `Lagged` with the number of events it missed, and goes on.
    #[must_use]
    pub fn subscribe(&self, task_id: &TaskId) -> Option<broadcast::Receiver<OutputEvent>> {
        match &self.channels {
            Channels::Local { by_task, .. } => by_task
                .read()
                .get(task_id)
                .map(|channel| channel.subscribe()),
            Channels::Backend(_) => None,
        }
    }

    /// Taps the output of `task_id` from now on; `None` when it has no channel, and always in a plugin.
    ///
    /// Who wants all of it taps it before the first attempt.
    #[must_use]
    pub fn tap(&self, task_id: &TaskId, options: TapOptions) -> Option<Tap> {
        let Channels::Local { by_task, .. } = &self.channels else {
            return None;
        };
        let by_task = by_task.read();
        let channel = by_task.get(task_id)?;
        let tap = Tap::new(options);
        channel.taps.add(tap.queue());
        Some(tap)
    }

    /// Tells the subscribers of `task_id` that an attempt begins; does nothing without a channel.
    ///
    /// For the supervisor, just before it spawns the attempt; a runner does not call it.
    pub fn announce_run_started(&self, task_id: &TaskId, attempt: u32) {
        match &self.channels {
            Channels::Local { by_task, .. } => {
                let started_at = SystemTime::now();
                if let Some(channel) = by_task.read().get(task_id) {
                    channel.announce(|| OutputEvent::RunStarted {
                        attempt,
                        started_at,
                    });
                    channel.taps.started(attempt, started_at);
                }
            }
            Channels::Backend(registry) => registry.announce_run_started(task_id, attempt),
        }
    }

    /// Tells the subscribers of `task_id` that an attempt has ended; does nothing without a channel.
    ///
    /// For the supervisor, however the attempt ended; a runner does not call it.
    pub fn announce_run_finished(&self, task_id: &TaskId, attempt: u32, exit_code: Option<i32>) {
        match &self.channels {
            Channels::Local { by_task, .. } => {
                let finished_at = SystemTime::now();
                if let Some(channel) = by_task.read().get(task_id) {
                    channel.announce(|| OutputEvent::RunFinished {
                        attempt,
                        exit_code,
                        finished_at,
                    });
                    channel.taps.finished(attempt, exit_code, finished_at);
                }
            }
            Channels::Backend(registry) => {
                registry.announce_run_finished(task_id, attempt, exit_code);
            }
        }
    }

    /// Removes the channel of `task_id`; its subscribers read what is left, then see the end.
    ///
    /// The end comes when the last sink of the task is gone too. Does nothing without a channel. For
    /// the supervisor, when there will be no further attempt; a runner does not call it.
    pub fn evict(&self, task_id: &TaskId) {
        match &self.channels {
            Channels::Local { by_task, .. } => {
                let channel = by_task.write().remove(task_id);
                if let Some(channel) = channel {
                    channel.taps.evict();
                }
            }
            Channels::Backend(registry) => registry.evict(task_id),
        }
    }

    /// Whether `task_id` has a channel; `None` where that is not known, as in a plugin.
    #[must_use]
    pub fn has_channel(&self, task_id: &TaskId) -> Option<bool> {
        match &self.channels {
            Channels::Local { by_task, .. } => Some(by_task.read().contains_key(task_id)),
            Channels::Backend(_) => None,
        }
    }

    /// The number of tasks that have a channel.
    #[must_use]
    pub fn active_channels(&self) -> usize {
        match &self.channels {
            Channels::Local { by_task, .. } => by_task.read().len(),
            Channels::Backend(registry) => registry.active_channels(),
        }
    }
}

impl fmt::Debug for OutputRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("OutputRegistry");
        match &self.channels {
            Channels::Local { by_task, capacity } => debug
                .field("capacity", capacity)
                .field("active_channels", &by_task.read().len())
                .finish(),
            // Asking the other library could block, or panic.
            Channels::Backend(_) => debug.finish_non_exhaustive(),
        }
    }
}

impl Default for OutputRegistry {
    /// A registry whose channels keep 1024 events.
    fn default() -> Self {
        Self::new(DEFAULT_CAPACITY)
    }
}

/// The channel of a task, and whether it had none before.
fn channel_of(
    by_task: &RwLock<HashMap<TaskId, Arc<Channel>>>,
    task_id: TaskId,
    capacity: usize,
) -> (Arc<Channel>, bool) {
    match by_task.write().entry(task_id) {
        Entry::Occupied(there) => (Arc::clone(there.get()), false),
        Entry::Vacant(free) => {
            let channel = Arc::new(Channel::new(capacity));
            free.insert(Arc::clone(&channel));
            (channel, true)
        }
    }
}
