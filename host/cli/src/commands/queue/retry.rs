//! `solti-host queue retry`: puts dead letters back.

use solti_plugin_queue::Queue;

use crate::exit::Exit;
use crate::present::message;
use crate::present::tables;

/// Puts them back, and prints their names.
pub(super) async fn retry(queue: &Queue, names: &[String], all: bool) -> anyhow::Result<Exit> {
    let mut names = names.to_vec();
    if all {
        names = queue.dead_names().await?;
    }
    let mut exit = Exit::Success;
    for name in &names {
        match queue.retry(name).await {
            Ok(()) => tables::print(name)?,
            Err(err) if err.may_pass() => return Err(err.into()),
            Err(err) => {
                message::error(format_args!("{name}: is no dead letter: {err}"));
                exit = Exit::TaskFailed;
            }
        }
    }
    Ok(exit)
}
