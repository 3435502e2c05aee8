//! `solti-host cancel --queue`: has tasks of a queue end.

use super::super::follow;
use super::connect::with_queue;
use super::logs;
use crate::args::CancelArgs;
use crate::exit::Exit;
use crate::present::message;

/// Cancels them; one that cannot be is told, and the others are cancelled.
pub(in crate::commands) fn cancel(args: &CancelArgs) -> anyhow::Result<Exit> {
    with_queue(
        &args.queue.urls,
        &args.queue.address,
        || {},
        async |queue| {
            let mut exit = Exit::Success;
            let mut cancelled = Vec::new();
            for name in &args.names {
                match queue.cancel(name).await {
                    Ok(_) => cancelled.push(name.clone()),
                    Err(err) if err.may_pass() => return Err(err.into()),
                    Err(err) => {
                        message::error(format!("{name}: {err}"));
                        exit = Exit::TaskFailed;
                    }
                }
            }
            if args.wait {
                follow::each(&cancelled, true, async |name, show| {
                    logs::wait(&queue, name, show).await
                })
                .await?;
            }
            Ok(exit)
        },
    )
}
