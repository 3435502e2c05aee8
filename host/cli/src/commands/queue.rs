//! `solti-host queue`: sets up a queue that hosts share, and looks at it.

mod init;
mod retry;
mod status;

use super::remote::with_queue;
use crate::args::{QueueAction, QueueArgs};
use crate::exit::Exit;

/// Does what is asked for.
///
/// # Errors
///
/// When the queue is not there, or is another.
pub(super) fn queue(args: &QueueArgs) -> anyhow::Result<Exit> {
    match &args.action {
        QueueAction::Init(args) => init::init(args),
        QueueAction::Status { json, queue } => with_queue(
            &queue.urls,
            &queue.address,
            || {},
            async |queue| status::status(&queue, *json).await,
        ),
        QueueAction::Retry { names, all, queue } => with_queue(
            &queue.urls,
            &queue.address,
            || {},
            async |queue| retry::retry(&queue, names, *all).await,
        ),
    }
}
