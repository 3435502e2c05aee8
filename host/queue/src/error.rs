//! Why something could not be done with a queue.

use thiserror::Error;

/// Why something could not be done with a queue.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum QueueError {
    /// The address is none.
    #[error("{address:?} is no address of a queue: {reason}")]
    Address {
        /// What was given.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No server answers, or it lets nobody in.
    #[error("the queue at {address} is not reached: {reason}")]
    NotReached {
        /// The servers.
        address: String,
        /// Why.
        reason: String,
    },
    /// The server has no JetStream, or not for this account.
    #[error(
        "the server at {address} keeps no streams: JetStream is off there, or not enabled for this account; \
         start it with `-js`, or with `jetstream` in its configuration"
    )]
    NoJetStream {
        /// The servers.
        address: String,
    },
    /// The streams are not there.
    #[error(
        "there is no queue at {address} yet: {what} is missing; run `solti-host queue init` once"
    )]
    NotSetUp {
        /// The servers.
        address: String,
        /// What is missing.
        what: &'static str,
    },
    /// A stream is there that is another.
    #[error(
        "the stream {stream} is there and is another: its {field} is {found}, expected {expected}; it belongs \
         to something else, or was changed by hand: move what it has elsewhere, delete it, and run `solti-host \
         queue init` again"
    )]
    OtherShape {
        /// Which.
        stream: String,
        /// What is different.
        field: &'static str,
        /// What it is.
        found: String,
        /// What it would have to be.
        expected: String,
    },
    /// The server has no room.
    #[error("the queue has no room: {reason}")]
    Full {
        /// What it says.
        reason: String,
    },
    /// A task of this name is there, and is another.
    #[error(
        "a task is called {name} already, and was asked for with another spec; choose another name"
    )]
    NameTaken {
        /// The name.
        name: String,
    },
    /// There is no such task.
    #[error("no task of the queue is called {name}")]
    NotFound {
        /// The name.
        name: String,
    },
    /// A name that cannot be a part of a subject.
    #[error("{name:?} cannot be the name of a task of a queue: {reason}")]
    Name {
        /// The name.
        name: String,
        /// Why.
        reason: &'static str,
    },
    /// It did not work this time.
    #[error("the queue did not answer: {doing}: {reason}")]
    Failed {
        /// What was tried.
        doing: &'static str,
        /// Why not.
        reason: String,
    },
    /// What is kept there has another form.
    #[error("what the queue keeps under {key} is not understood: {reason}")]
    NotUnderstood {
        /// Where.
        key: String,
        /// Why.
        reason: String,
    },
}

impl QueueError {
    /// Something that did not work.
    pub(crate) fn failed(doing: &'static str, err: impl std::fmt::Display) -> Self {
        let reason = err.to_string();
        let is_full = ["insufficient", "maximum", "no space", "resource limits"]
            .iter()
            .any(|it| reason.contains(it));
        if is_full {
            return Self::Full { reason };
        }
        Self::Failed { doing, reason }
    }

    /// Whether it may work later.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Failed { .. } | Self::Full { .. } | Self::NotReached { .. }
        )
    }
}
