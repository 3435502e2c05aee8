//! A worker of a queue that stores what a host stores, and runs nothing: the floor of `cargo bench --bench
//! fleet`.
//!
//! It speaks to the server by the client alone, and has nothing of the hosts' code.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, pull};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{self, AckKind, Context, Message, kv};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio_stream::StreamExt as _;

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// How many tasks it asks for at most.
const BATCH: usize = 64;

/// As long as a block of a greeting, in the form in which hosts keep it.
const BLOCK: &str = "a line that a task has written, with its time and stream";

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let words: Vec<_> = std::env::args().skip(1).collect();
    let [url, jobs] = &words[..] else {
        return Err("usage: bare_worker URL JOBS".into());
    };
    let urls: Vec<_> = url.split(',').collect();
    let context = jetstream::new(async_nats::connect(urls).await?);
    let state = context.get_key_value("SOLTI_STATE").await?;
    let tasks = context.get_stream("SOLTI_TASKS").await?;
    let config = pull::Config {
        durable_name: Some("bare".to_owned()),
        filter_subject: "solti.task.>".to_owned(),
        ack_policy: AckPolicy::Explicit,
        ack_wait: Duration::from_secs(30),
        max_ack_pending: -1,
        ..pull::Config::default()
    };
    let consumer = tasks.get_or_create_consumer("bare", config).await?;
    let places = Arc::new(Semaphore::new(jobs.parse()?));
    loop {
        let mut mine = vec![Arc::clone(&places).acquire_owned().await?];
        while mine.len() < BATCH
            && let Ok(place) = Arc::clone(&places).try_acquire_owned()
        {
            mine.push(place);
        }
        let waiting = consumer.batch().max_messages(mine.len());
        let mut batch = waiting.expires(Duration::from_secs(2)).messages().await?;
        while let Some(message) = batch.next().await {
            let (message, place) = (message?, mine.pop());
            let (context, state) = (context.clone(), state.clone());
            tokio::spawn(async move {
                let _place = place;
                store(&context, &state, &message).await
            });
        }
    }
}

/// Stores that a task runs, a block of output and the result, and confirms it.
async fn store(context: &Context, state: &kv::Store, message: &Message) -> Result<(), Failed> {
    let name = message.subject.splitn(4, '.').last().unwrap_or_default();
    let run = json!({ "host": "bare", "delivery": 1, "started": 1_700_000_000_000_u64 });
    let running = format!("$KV.SOLTI_STATE.run.{name}");
    let noted = context.publish(running, run.to_string().into()).await?;
    let block = PublishMessage::build()
        .payload(BLOCK.into())
        .message_id(format!("{name}.1.0"))
        .header("Solti-Position", "0");
    let sent = context.send_publish(format!("solti.output.{name}.1"), block);
    sent.await?.await?;
    noted.await?;
    let outcome = json!({
        "phase": "succeeded", "exitCode": 0, "host": "bare", "delivery": 1, "attempts": 1,
        "plugins": ["bare 1.0.0"], "output": BLOCK.len(), "started": 1_700_000_000_000_u64,
        "ended": 1_700_000_000_001_u64,
    });
    let key = format!("result.{name}");
    state.create(key, outcome.to_string().into()).await?;
    message.double_ack_with(AckKind::Ack).await?;
    Ok(())
}
