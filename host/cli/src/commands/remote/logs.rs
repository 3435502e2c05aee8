//! `solti-host logs`: what a task has written.

use solti_plugin_client::Wanted;

use super::follow;
use super::service::with_service;
use crate::args::LogsArgs;
use crate::exit::Exit;

/// Prints it.
///
/// # Errors
///
/// When the service does not answer, or has no such task.
pub(in crate::commands) fn logs(args: &LogsArgs) -> anyhow::Result<Exit> {
    with_service(
        &args.service,
        || {},
        async |client| {
            let mut wanted = Wanted::default();
            wanted.follow = args.follow;
            wanted.tail = args.tail;
            wanted.since.clone_from(&args.since);
            wanted.attempt = args.attempt;
            wanted.stream.clone_from(&args.stream);
            let left = follow::print(&client, &args.name, wanted).await?;
            Ok(left.unwrap_or(Exit::Success))
        },
    )
}
