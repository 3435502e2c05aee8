//! Streams and buckets: what is wanted, what is there, and what `init` changes.

use std::time::Duration;

use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use async_nats::jetstream::{Context, ErrorCode};

use crate::address::QueueAddress;
use crate::connect::{self, Queue};
use crate::error::QueueError;
use crate::names::{DEAD, HOSTS, NEEDS, OUTPUT, SETTINGS, STATE, TASKS};
use crate::settings::Settings;

/// How long a host may be silent before it counts as gone.
pub(crate) const SILENT: Duration = Duration::from_secs(30);

/// How long the stream of output knows a block again that was sent twice; longer silences are told by its
/// position.
const DUPLICATES: Duration = Duration::from_secs(120);

/// What the streams may take.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How many servers keep each message: 1, 3 or 5.
    pub replicas: usize,
    /// How long output is kept.
    pub output_age: Duration,
    /// How many bytes of it.
    pub output_bytes: u64,
    /// How long it is known of tasks what became of them, and dead letters are kept.
    pub state_age: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            replicas: 1,
            output_age: Duration::from_secs(7 * 86_400),
            output_bytes: 1 << 30,
            state_age: Duration::from_secs(30 * 86_400),
        }
    }
}

/// What `init` does with one of the streams, or with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// It is made.
    Create {
        /// Its name.
        name: String,
        /// What it is.
        what: String,
    },
    /// It gets more room.
    Grow {
        /// Its name.
        name: String,
        /// What, from what to what.
        what: String,
    },
    /// It is as it is to be.
    Same {
        /// Its name.
        name: String,
    },
    /// It would get less room, and is left as it is.
    Kept {
        /// Its name.
        name: String,
        /// What it has, and what was asked for.
        what: String,
    },
}

/// The streams, the buckets among them.
fn wanted(limits: &Limits) -> Vec<(Config, &'static str)> {
    let base = |name: &str, subjects: &str| Config {
        name: name.to_owned(),
        subjects: vec![subjects.to_owned()],
        storage: StorageType::File,
        num_replicas: limits.replicas,
        max_bytes: -1,
        max_messages: -1,
        max_messages_per_subject: -1,
        allow_direct: true,
        ..Config::default()
    };
    let bucket = |name: &str, age: Duration| Config {
        max_age: age,
        max_messages_per_subject: 1,
        discard: DiscardPolicy::New,
        allow_rollup: true,
        deny_delete: true,
        ..base(&format!("KV_{name}"), &format!("$KV.{name}.>"))
    };
    let tasks = Config {
        retention: RetentionPolicy::WorkQueue,
        discard: DiscardPolicy::New,
        ..base(TASKS, "solti.task.>")
    };
    let output = Config {
        max_age: limits.output_age,
        max_bytes: i64::try_from(limits.output_bytes).unwrap_or(i64::MAX),
        duplicate_window: DUPLICATES.min(limits.output_age),
        ..base(OUTPUT, "solti.output.>")
    };
    let dead = Config {
        max_age: limits.state_age,
        max_messages_per_subject: 1,
        ..base(DEAD, "solti.dead.>")
    };
    vec![
        (tasks, "the tasks that wait or run"),
        (output, "what tasks write"),
        (dead, "tasks that are tried no more"),
        (bucket(STATE, limits.state_age), "what became of each task"),
        (
            bucket(NEEDS, Duration::ZERO),
            "what tasks ask of hosts, and the settings",
        ),
        (bucket(HOSTS, SILENT), "the hosts that take tasks"),
    ]
}

impl Queue {
    /// Sets a queue up, or gives one that is there more room: what was changed, or is to be with `dry_run`.
    /// What is there never gets less room.
    ///
    /// # Errors
    ///
    /// When a stream is there that is another, or the server refuses one. What was made before stays, and the
    /// next call goes on.
    pub async fn init(
        address: &QueueAddress,
        limits: &Limits,
        settings: &Settings,
        dry_run: bool,
    ) -> Result<Vec<Change>, QueueError> {
        let context = connect::open(address, "solti-host queue init").await?;
        let mut changes = Vec::new();
        let mut plan = Vec::new();
        // First all is looked at: nothing is begun where a stream is another.
        for (config, what) in wanted(limits) {
            let (change, config) = change_of(&context, config, what).await?;
            changes.push(change);
            plan.push(config);
        }
        let needs = format!("KV_{NEEDS}");
        let is_new = changes
            .iter()
            .any(|change| matches!(change, Change::Create { name, .. } if *name == needs));
        if !dry_run {
            for (change, config) in changes.iter().zip(plan) {
                match change {
                    Change::Create { .. } => {
                        let made = context.create_stream(config).await;
                        made.map(drop)
                            .map_err(|err| QueueError::failed("create a stream", err))?;
                    }
                    Change::Grow { .. } => {
                        let grown = context.update_stream(config).await;
                        grown
                            .map(drop)
                            .map_err(|err| QueueError::failed("change a stream", err))?;
                    }
                    _ => {}
                }
            }
        }
        changes.push(set(&context, settings, is_new, dry_run).await?);
        Ok(changes)
    }
}

/// What is to be done with a stream, and with what configuration.
async fn change_of(
    context: &Context,
    wanted: Config,
    what: &str,
) -> Result<(Change, Config), QueueError> {
    let name = wanted.name.clone();
    let found = match context.get_stream(&name).await {
        Ok(stream) => stream.cached_info().config.clone(),
        Err(err) => match err.kind() {
            GetStreamErrorKind::JetStream(it) if it.error_code() == ErrorCode::STREAM_NOT_FOUND => {
                let what = format!("{what}; {}", shape(&wanted));
                return Ok((Change::Create { name, what }, wanted));
            }
            _ => return Err(QueueError::failed("look at a stream", err)),
        },
    };
    let other = |field, found: String, expected: String| {
        Err(QueueError::OtherShape {
            stream: name.clone(),
            field,
            found,
            expected,
        })
    };
    if found.subjects != wanted.subjects {
        return other(
            "subjects",
            found.subjects.join(" "),
            wanted.subjects.join(" "),
        );
    }
    if found.retention != wanted.retention {
        let shown = |it| format!("{it:?}").to_lowercase();
        return other("retention", shown(found.retention), shown(wanted.retention));
    }
    if found.max_messages_per_subject != wanted.max_messages_per_subject {
        let (found, wanted) = (
            found.max_messages_per_subject,
            wanted.max_messages_per_subject,
        );
        return other(
            "max_msgs_per_subject",
            found.to_string(),
            wanted.to_string(),
        );
    }
    let mut config = found.clone();
    let (mut grows, mut stays) = (Vec::new(), Vec::new());
    let mut compare = |what: String, order: std::cmp::Ordering| match order {
        std::cmp::Ordering::Greater => {
            grows.push(what);
            true
        }
        std::cmp::Ordering::Less => {
            stays.push(what);
            false
        }
        std::cmp::Ordering::Equal => false,
    };
    let (from, to) = (found.num_replicas, wanted.num_replicas);
    if compare(format!("replicas {from} to {to}"), to.cmp(&from)) {
        config.num_replicas = to;
    }
    // None is for ever, and more than any.
    let age = |it: Duration| if it.is_zero() { Duration::MAX } else { it };
    let (from, to) = (found.max_age, wanted.max_age);
    let said = format!("age {} to {}", days(from), days(to));
    if compare(said, age(to).cmp(&age(from))) {
        config.max_age = to;
    }
    let bytes = |it: i64| if it <= 0 { i64::MAX } else { it };
    let (from, to) = (found.max_bytes, wanted.max_bytes);
    if compare(format!("bytes {from} to {to}"), bytes(to).cmp(&bytes(from))) {
        config.max_bytes = to;
    }
    let change = if !grows.is_empty() {
        Change::Grow {
            name,
            what: grows.join(", "),
        }
    } else if stays.is_empty() {
        Change::Same { name }
    } else {
        Change::Kept {
            name,
            what: stays.join(", "),
        }
    };
    Ok((change, config))
}

fn shape(config: &Config) -> String {
    let replicas = match config.num_replicas {
        1 => "on one server".to_owned(),
        several => format!("on {several} servers"),
    };
    let mut text = replicas;
    if !config.max_age.is_zero() {
        text += &format!(", for {}", days(config.max_age));
    }
    if config.max_bytes > 0 {
        text += &format!(", at most {} bytes", config.max_bytes);
    }
    text
}

fn days(age: Duration) -> String {
    match age.as_secs() {
        0 => "ever".to_owned(),
        seconds if seconds % 86_400 == 0 => format!("{} days", seconds / 86_400),
        seconds => format!("{seconds} s"),
    }
}

/// Sets what the hosts share.
async fn set(
    context: &Context,
    settings: &Settings,
    is_new: bool,
    dry_run: bool,
) -> Result<Change, QueueError> {
    let name = "settings".to_owned();
    let what = format!(
        "a host's tasks are given back after {} s of silence, a task is delivered {} times at most, and told \
         as unclaimed after {} s",
        settings.lease / 1000,
        settings.deliveries,
        settings.unclaimed / 1000
    );
    if is_new && dry_run {
        return Ok(Change::Create { name, what });
    }
    let needs = context.get_key_value(NEEDS).await;
    let needs = needs.map_err(|err| QueueError::failed("open a bucket", err))?;
    let found: Option<Settings> = connect::read(&needs, SETTINGS).await?;
    if found.as_ref() == Some(settings) {
        return Ok(Change::Same { name });
    }
    if !dry_run {
        connect::put(&needs, SETTINGS, settings).await?;
    }
    Ok(if found.is_none() {
        Change::Create { name, what }
    } else {
        Change::Grow { name, what }
    })
}
