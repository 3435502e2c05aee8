//! `solti-host cancel`: has tasks end.

use serde_json::Value;
use solti_plugin_client::in_path;

use super::follow;
use super::service::{sentence, with_service};
use crate::args::CancelArgs;
use crate::exit::Exit;
use crate::present::message;

/// Cancels them; one that cannot be is told, and the others are cancelled.
///
/// # Errors
///
/// When the service does not answer.
pub(in crate::commands) fn cancel(args: &CancelArgs) -> anyhow::Result<Exit> {
    with_service(
        &args.service,
        || {},
        async |client| {
            let mut exit = Exit::Success;
            let mut cancelled = Vec::new();
            for name in &args.names {
                let path = format!("/v1/tasks/{}/cancel", in_path(name));
                match client.post::<Value>(&path, "", &[]).await {
                    Ok(_) => cancelled.push(name.clone()),
                    Err(err) if err.may_pass() => return Err(sentence(err)),
                    Err(err) => {
                        message::error(format!("{name}: {:#}", sentence(err)));
                        exit = Exit::TaskFailed;
                    }
                }
            }
            if args.wait {
                follow::each(&cancelled, true, async |name, show| {
                    follow::wait(&client, name, show).await
                })
                .await?;
            }
            Ok(exit)
        },
    )
}
