//! The queue that a command asks.

use std::future::Future;

use solti_plugin_queue::{Queue, QueueAddress};

use super::super::service::until_signal;
use crate::args::QueueAddressArgs;
use crate::exit::Exit;

/// Does something with a queue, until it is done or a signal comes. `interrupted` is called then.
///
/// # Errors
///
/// When the queue is not there, or what is done fails.
pub(in crate::commands) fn with_queue<F: Future<Output = anyhow::Result<Exit>>>(
    urls: &[String],
    args: &QueueAddressArgs,
    interrupted: impl FnOnce(),
    work: impl FnOnce(Queue) -> F,
) -> anyhow::Result<Exit> {
    let address = address(urls, args);
    until_signal(interrupted, async || {
        let queue = Queue::connect(&address, "solti-host").await?;
        work(queue).await
    })
}

/// The queue that the arguments name.
pub(in crate::commands) fn address(urls: &[String], args: &QueueAddressArgs) -> QueueAddress {
    let mut address = QueueAddress::new(urls.iter().cloned());
    address.credentials.clone_from(&args.queue_credentials);
    address.token_file.clone_from(&args.queue_token_file);
    address.ca.clone_from(&args.queue_ca);
    address.identity = args.queue_cert.clone().zip(args.queue_key.clone());
    address
}
