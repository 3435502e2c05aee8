//! A service that a command talks to.

use std::future::Future;

use anyhow::{Context as _, anyhow, bail};
use solti_plugin_client::{Address, Client, ClientError, TlsFiles};
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use crate::args::ServiceArgs;
use crate::exit::Exit;

/// Does something with a service, until it is done or a signal comes. `interrupted` is called then.
pub(super) fn with_service<F: Future<Output = anyhow::Result<Exit>>>(
    args: &ServiceArgs,
    interrupted: impl FnOnce(),
    work: impl FnOnce(Client) -> F,
) -> anyhow::Result<Exit> {
    until_signal(interrupted, async || work(client(args)?).await)
}

/// Does something until it is done or a signal comes. `interrupted` is called then.
pub(in crate::commands) fn until_signal<F: Future<Output = anyhow::Result<Exit>>>(
    interrupted: impl FnOnce(),
    work: impl FnOnce() -> F,
) -> anyhow::Result<Exit> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")?;
    runtime.block_on(async {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate()];
        let [mut interrupt, mut terminate] = [signal(kinds[0])?, signal(kinds[1])?];
        let work = work();
        let signalled = tokio::select! {
            done = work => return done,
            _ = interrupt.recv() => kinds[0],
            _ = terminate.recv() => kinds[1],
        };
        interrupted();
        Ok(Exit::Signaled(signalled.as_raw_value()))
    })
}

/// The client of the service that the arguments name.
fn client(args: &ServiceArgs) -> anyhow::Result<Client> {
    let address = match &args.host {
        Some(text) => text.parse().map_err(|err| anyhow!("--host: {err}"))?,
        None => match Address::of_this_machine() {
            Some(address) => address,
            None => bail!(
                "no service is known: there is no {}; name one by --host or SOLTI_HOST, as the line \
                 `ready on …` of `solti-host serve` has it",
                Address::SOCKETS.join(" and no ")
            ),
        },
    };
    let identity = args.cert.clone().zip(args.key.clone());
    let files = TlsFiles {
        ca: args.ca.clone(),
        identity,
    };
    let client = Client::new(address, &files)?;
    Ok(match &args.token_file {
        Some(file) => client.with_token_file(file)?,
        None => client,
    })
}

/// What went wrong, with what to do about it.
pub(super) fn sentence(err: ClientError) -> anyhow::Error {
    match &err {
        ClientError::NotReached { address, .. } => {
            let advice = match address {
                Address::Unix(_) => "is `solti-host serve` running, and may you connect to it?",
                _ => "is `solti-host serve` running, and does it --listen there?",
            };
            anyhow!("{err}; {advice}")
        }
        ClientError::Refused { code, message, .. } if code == "unauthorized" => {
            let (said, _) = message.split_once(':').unwrap_or((message, ""));
            anyhow!("{said}: name the file of one by --token-file or SOLTI_TOKEN_FILE")
        }
        _ => anyhow!(err),
    }
}
