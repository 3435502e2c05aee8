//! One task's channel, and whether anybody listens to it.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use solti_model::OutputEvent;
use tokio::sync::broadcast;

/// A broadcast channel that knows, at the cost of one load, that nobody listens.
///
/// Time stamps, UTF-8 checks and copies are only worth their cost when somebody receives them, and
/// most tasks of a busy host have no subscriber.
pub(super) struct Channel {
    sender: broadcast::Sender<OutputEvent>,
    /// Set by `subscribe`; cleared by the first send that finds no receiver.
    listening: AtomicBool,
    /// Held while `listening` and the set of receivers change together: a clear that raced a
    /// subscribe would lose lines of a subscriber that keeps up.
    change: Mutex<()>,
}

impl Channel {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            sender: broadcast::channel(capacity).0,
            listening: AtomicBool::new(false),
            change: Mutex::new(()),
        }
    }

    /// Wraps a sender whose receivers may come from elsewhere: it always counts as listened to.
    pub(super) fn around(sender: broadcast::Sender<OutputEvent>) -> Self {
        Self {
            sender,
            listening: AtomicBool::new(true),
            change: Mutex::new(()),
        }
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<OutputEvent> {
        let _change = self.change.lock();
        let receiver = self.sender.subscribe();
        self.listening.store(true, Ordering::Release);
        receiver
    }

    pub(super) fn is_listening(&self) -> bool {
        self.listening.load(Ordering::Acquire)
    }

    /// What sends to every subscriber.
    pub(super) fn sender(&self) -> &broadcast::Sender<OutputEvent> {
        &self.sender
    }

    /// Records that a send found no receiver, unless one has come since.
    pub(super) fn nobody_listens(&self) {
        self.nobody_listens_after(|| {});
    }

    /// As `nobody_listens`, with what happens between the look and the note: a few nanoseconds, too
    /// few for a test to meet them by chance.
    pub(super) fn nobody_listens_after(&self, meanwhile: impl FnOnce()) {
        let _change = self.change.lock();
        if self.sender.receiver_count() == 0 {
            meanwhile();
            self.listening.store(false, Ordering::Release);
        }
    }
}
