//! The connection, and what is opened of it.

use std::sync::Arc;
use std::time::Duration;

use async_nats::Client;
use async_nats::jetstream::context::ContextBuilder;
use async_nats::jetstream::kv::Store;
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::Stream;
use async_nats::jetstream::{Context, ErrorCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::address::QueueAddress;
use crate::error::QueueError;
use crate::names::{self, HOSTS, NEEDS, SETTINGS, STATE, TASKS};
use crate::settings::Settings;

/// How long a server gets to answer.
pub(crate) const ANSWER: Duration = Duration::from_secs(5);

/// A queue that is there. Copies of it share the connection, which is opened again when it breaks.
#[derive(Clone)]
pub struct Queue {
    pub(crate) address: Arc<str>,
    pub(crate) client: Client,
    pub(crate) context: Context,
    pub(crate) tasks: Stream,
    pub(crate) state: Store,
    pub(crate) needs: Store,
    pub(crate) hosts: Store,
    pub(crate) settings: Settings,
}

impl Queue {
    /// Connects to a queue; `name` is what the server calls the connection.
    ///
    /// # Errors
    ///
    /// When no server answers, or the queue is not set up.
    pub async fn connect(address: &QueueAddress, name: &str) -> Result<Self, QueueError> {
        let context = open(address, name).await?;
        Self::of(context, &address.shown()).await
    }

    pub(crate) async fn of(context: Context, address: &str) -> Result<Self, QueueError> {
        let missing = |what| QueueError::NotSetUp {
            address: address.to_owned(),
            what,
        };
        let tasks = context.get_stream(TASKS).await;
        let tasks = tasks.map_err(|err| {
            use async_nats::jetstream::context::GetStreamErrorKind as Kind;
            match err.kind() {
                Kind::JetStream(it) if it.error_code() == ErrorCode::STREAM_NOT_FOUND => {
                    missing(TASKS)
                }
                _ => QueueError::failed("open the stream of tasks", err),
            }
        })?;
        let store = async |name: &'static str| {
            context.get_key_value(name).await.map_err(|err| {
                use async_nats::jetstream::context::KeyValueErrorKind as Kind;
                match err.kind() {
                    Kind::GetBucket => missing(name),
                    _ => QueueError::failed("open a bucket", err),
                }
            })
        };
        let (state, needs, hosts) = (
            store(STATE).await?,
            store(NEEDS).await?,
            store(HOSTS).await?,
        );
        let settings = read(&needs, SETTINGS)
            .await?
            .ok_or_else(|| missing("settings"))?;
        Ok(Self {
            address: address.into(),
            client: context.client(),
            context,
            tasks,
            state,
            needs,
            hosts,
            settings,
        })
    }

    /// The settings that all hosts share.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where it is, without passwords.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whether there is a connection now. One that breaks is opened again by itself.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.client.connection_state() == async_nats::connection::State::Connected
    }

    /// Waits until what was sent has left.
    pub async fn flush(&self) {
        // A connection that is broken has nothing to wait for.
        let _ = tokio::time::timeout(ANSWER, self.client.flush()).await;
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// Whether a server has said that it keeps no streams.
fn says_off(err: &async_nats::jetstream::context::GetStreamError) -> bool {
    use async_nats::jetstream::context::GetStreamErrorKind as Kind;
    match err.kind() {
        Kind::JetStream(it) => [
            ErrorCode::JETSTREAM_NOT_ENABLED,
            ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT,
        ]
        .contains(&it.error_code()),
        // Nobody there answers such requests.
        _ => {
            err.to_string().contains("no responders") || format!("{err:?}").contains("NoResponders")
        }
    }
}

/// Connects to servers, and asks whether they keep streams.
pub(crate) async fn open(address: &QueueAddress, name: &str) -> Result<Context, QueueError> {
    let servers = address.servers()?;
    let not_reached = |reason: String| QueueError::NotReached {
        address: address.shown(),
        reason,
    };
    let options = address.options(name).await?;
    let client = options.connect(servers).await.map_err(|err| {
        use async_nats::ConnectErrorKind as Kind;
        not_reached(match err.kind() {
            Kind::Authentication | Kind::AuthorizationViolation => {
                "it does not accept who asks: check the user and password in the address, the \
                 credentials or the token"
                    .to_owned()
            }
            _ => err.to_string(),
        })
    })?;
    let context = ContextBuilder::new()
        .timeout(ANSWER)
        .ack_timeout(ANSWER)
        .build(client);
    // What it says of an account differs from version to version; of a stream it does not.
    match context.get_stream(TASKS).await {
        Err(err) if says_off(&err) => Err(QueueError::NoJetStream {
            address: address.shown(),
        }),
        _ => Ok(context),
    }
}

/// What a bucket has under a key.
pub(crate) async fn read<T: DeserializeOwned>(
    store: &Store,
    key: &str,
) -> Result<Option<T>, QueueError> {
    let found = store.get(key).await;
    let found = found.map_err(|err| QueueError::failed("read a key", err))?;
    let Some(bytes) = found else { return Ok(None) };
    let value = serde_json::from_slice(&bytes).map_err(|err| QueueError::NotUnderstood {
        key: key.to_owned(),
        reason: err.to_string(),
    });
    value.map(Some)
}

/// Puts something under a key.
pub(crate) async fn put(
    store: &Store,
    key: &str,
    value: &impl Serialize,
) -> Result<(), QueueError> {
    let put = store.put(key, json(value)).await;
    put.map(drop)
        .map_err(|err| QueueError::failed("write a key", err))
}

/// Puts something under a key that is not there; whether it was not.
pub(crate) async fn create(
    store: &Store,
    key: &str,
    value: &impl Serialize,
) -> Result<bool, QueueError> {
    use async_nats::jetstream::kv::CreateErrorKind as Kind;
    match store.create(key, json(value)).await {
        Ok(_) => Ok(true),
        Err(err) if err.kind() == Kind::AlreadyExists => Ok(false),
        Err(err) => Err(QueueError::failed("create a key", err)),
    }
}

/// The last message of a stream under a subject; none where there is none.
pub(crate) async fn last(
    stream: &Stream,
    subject: &str,
    doing: &'static str,
) -> Result<Option<StreamMessage>, QueueError> {
    use async_nats::jetstream::stream::LastRawMessageErrorKind as Kind;
    match stream.get_last_raw_message_by_subject(subject).await {
        Ok(message) => Ok(Some(message)),
        Err(err) if err.kind() == Kind::NoMessageFound => Ok(None),
        Err(err) => Err(QueueError::failed(doing, err)),
    }
}

/// Removes a message of a stream; one that is gone already is no error.
pub(crate) async fn remove(
    stream: &Stream,
    sequence: u64,
    doing: &'static str,
) -> Result<(), QueueError> {
    use async_nats::jetstream::stream::DeleteMessageErrorKind as Kind;
    match stream.delete_message(sequence).await {
        Ok(_) => Ok(()),
        Err(err) => match err.kind() {
            Kind::JetStream(it)
                if it.error_code() == ErrorCode::STREAM_MESSAGE_DELETE_FAILED
                    && it.to_string().contains("no message found") =>
            {
                Ok(())
            }
            _ => Err(QueueError::failed(doing, err)),
        },
    }
}

pub(crate) fn json(value: &impl Serialize) -> bytes::Bytes {
    let text = serde_json::to_vec(value);
    text.expect("records have nothing that is no JSON").into()
}

impl Queue {
    /// The stream of output.
    pub(crate) async fn output_stream(&self) -> Result<Stream, QueueError> {
        self.stream(names::OUTPUT).await
    }

    /// The stream of dead letters.
    pub(crate) async fn dead_stream(&self) -> Result<Stream, QueueError> {
        self.stream(names::DEAD).await
    }

    async fn stream(&self, name: &'static str) -> Result<Stream, QueueError> {
        let stream = self.context.get_stream(name).await;
        stream.map_err(|err| QueueError::failed("open a stream", err))
    }
}
