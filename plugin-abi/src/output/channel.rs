//! One task's channel, and whether anybody listens to it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use solti_model::OutputEvent;
use tokio::sync::broadcast;

use super::tap::Taps;

/// A broadcast channel that knows, at the cost of one load, that nobody listens.
///
/// Time stamps, UTF-8 checks and copies are only worth their cost when somebody receives them, and
/// most tasks of a busy host have no subscriber. So the ring, too, which takes its memory when it is
/// made, is only made when somebody subscribes.
pub(super) struct Channel {
    ring: OnceLock<broadcast::Sender<OutputEvent>>,
    capacity: usize,
    /// Readers that lose nothing.
    pub(super) taps: Taps,
    /// Set by `subscribe`; cleared by the first send that finds no receiver.
    listening: AtomicBool,
    /// Held while `listening` and the set of receivers change together: a clear that raced a
    /// subscribe would lose lines of a subscriber that keeps up.
    change: Mutex<()>,
}

impl Channel {
    /// A channel whose ring, once there is a subscriber, keeps `capacity` events.
    ///
    /// # Panics
    ///
    /// When no ring can be of that capacity: 0, or more than `usize::MAX / 2`.
    pub(super) fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "broadcast channel capacity cannot be zero");
        assert!(
            capacity <= usize::MAX / 2,
            "broadcast channel capacity exceeded `usize::MAX / 2`"
        );
        Self {
            ring: OnceLock::new(),
            capacity,
            taps: Taps::default(),
            listening: AtomicBool::new(false),
            change: Mutex::new(()),
        }
    }

    /// Wraps a sender whose receivers may come from elsewhere: it always counts as listened to.
    pub(super) fn around(sender: broadcast::Sender<OutputEvent>) -> Self {
        Self {
            ring: OnceLock::from(sender),
            // It has a ring already.
            capacity: 1,
            taps: Taps::default(),
            listening: AtomicBool::new(true),
            change: Mutex::new(()),
        }
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<OutputEvent> {
        let _change = self.change.lock();
        let ring = self
            .ring
            .get_or_init(|| broadcast::channel(self.capacity).0);
        let receiver = ring.subscribe();
        self.listening.store(true, Ordering::Release);
        receiver
    }

    #[inline]
    pub(super) fn is_listening(&self) -> bool {
        self.listening.load(Ordering::Acquire)
    }

    /// What sends to every subscriber; `None` when there has been none.
    pub(super) fn sender(&self) -> Option<&broadcast::Sender<OutputEvent>> {
        self.ring.get()
    }

    /// Tells every subscriber, if there is one.
    pub(super) fn announce(&self, event: impl FnOnce() -> OutputEvent) {
        if let Some(sender) = self.sender() {
            // Without a receiver there is nobody to tell.
            let _ = sender.send(event());
        }
    }

    /// Records that a send found no receiver, unless one has come since.
    pub(super) fn nobody_listens(&self) {
        self.nobody_listens_after(|| {});
    }

    /// As `nobody_listens`, with what happens between the look and the note: a few nanoseconds, too
    /// few for a test to meet them by chance.
    pub(super) fn nobody_listens_after(&self, meanwhile: impl FnOnce()) {
        let _change = self.change.lock();
        let receivers = self.ring.get().map_or(0, broadcast::Sender::receiver_count);
        if receivers == 0 {
            meanwhile();
            self.listening.store(false, Ordering::Release);
        }
    }
}
