//! The arguments of what has to do with a queue that hosts share.

use std::path::PathBuf;

use super::bounds;

/// Which queue, and as whom.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Queue")]
pub(crate) struct SharedQueueArgs {
    /// Ask the queue that hosts share on these NATS servers, `nats://HOST:PORT` or `tls://HOST:PORT`, and not
    /// one host; several of a cluster with commas
    #[arg(
        id = "queue",
        long = "queue",
        value_name = "URL",
        env = "SOLTI_QUEUE",
        value_delimiter = ',',
        conflicts_with = "host"
    )]
    pub(crate) urls: Vec<String>,

    #[command(flatten)]
    pub(crate) address: QueueAddressArgs,
}

/// As whom a queue is asked.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Queue")]
pub(crate) struct QueueAddressArgs {
    /// A file of credentials for the queue's servers, as `nsc` writes it
    #[arg(long, value_name = "FILE", env = "SOLTI_QUEUE_CREDENTIALS")]
    pub(crate) queue_credentials: Option<PathBuf>,

    /// The file of the token that the queue's servers ask for
    #[arg(long, value_name = "FILE", env = "SOLTI_QUEUE_TOKEN_FILE")]
    pub(crate) queue_token_file: Option<PathBuf>,

    /// Trust servers of the queue that an authority of this PEM file vouches for, beside those of the system
    #[arg(long, value_name = "FILE", env = "SOLTI_QUEUE_CA")]
    pub(crate) queue_ca: Option<PathBuf>,

    /// The client's certificate, for servers of the queue that ask for one
    #[arg(
        long,
        value_name = "FILE",
        requires = "queue_key",
        env = "SOLTI_QUEUE_CERT"
    )]
    pub(crate) queue_cert: Option<PathBuf>,

    /// The key of that certificate
    #[arg(
        long,
        value_name = "FILE",
        requires = "queue_cert",
        env = "SOLTI_QUEUE_KEY"
    )]
    pub(crate) queue_key: Option<PathBuf>,
}

/// Set up a queue that hosts share, and look at it
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct QueueArgs {
    #[command(subcommand)]
    pub(crate) action: QueueAction,
}

/// What is done with a queue.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum QueueAction {
    /// Make its streams and buckets, and say what was made; what is there gets more room, and never less
    Init(QueueInitArgs),
    /// Show what waits and runs, the hosts, and the dead letters
    Status {
        /// Print it as JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        queue: NeededQueueArgs,
    },
    /// Put dead letters back into the queue
    Retry {
        /// The names of the tasks
        #[arg(value_name = "NAME", required_unless_present = "all")]
        names: Vec<String>,
        /// All of them
        #[arg(long, conflicts_with = "names")]
        all: bool,
        #[command(flatten)]
        queue: NeededQueueArgs,
    },
}

/// What a queue is made with.
#[derive(Debug, clap::Args)]
pub(crate) struct QueueInitArgs {
    /// Keep each message on so many servers of a cluster
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=5))]
    pub(crate) replicas: u8,

    /// Keep output for so long; 1min to 3650days
    #[arg(long, value_name = "TIME", default_value = "7days", value_parser = bounds::time(bounds::KEPT))]
    pub(crate) output_age: humantime::Duration,

    /// Keep at most so many bytes of output; the oldest go first
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 30, value_parser = clap::value_parser!(u64).range(1 << 20..))]
    pub(crate) output_bytes: u64,

    /// Keep for so long what became of tasks, and dead letters; 1min to 3650days
    #[arg(long, value_name = "TIME", default_value = "30days", value_parser = bounds::time(bounds::KEPT))]
    pub(crate) state_age: humantime::Duration,

    /// Give the tasks of a host to others when it was silent for so long; 1s to 1h
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = bounds::time(bounds::LEASE))]
    pub(crate) lease: humantime::Duration,

    /// Deliver a task so often at most; then it is a dead letter
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub(crate) deliveries: u64,

    /// Tell as unclaimed a task that no host can take for so long; 1s to 1day
    #[arg(long, value_name = "TIME", default_value = "1min", value_parser = bounds::time(bounds::UNCLAIMED))]
    pub(crate) unclaimed: humantime::Duration,

    /// Only say what would be made
    #[arg(long)]
    pub(crate) dry_run: bool,

    #[command(flatten)]
    pub(crate) queue: NeededQueueArgs,
}

/// Which queue, where there is nothing else to ask.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Queue")]
pub(crate) struct NeededQueueArgs {
    /// The NATS servers, `nats://HOST:PORT` or `tls://HOST:PORT`; several of a cluster with commas
    #[arg(
        id = "queue",
        long = "queue",
        value_name = "URL",
        env = "SOLTI_QUEUE",
        value_delimiter = ',',
        required = true
    )]
    pub(crate) urls: Vec<String>,

    #[command(flatten)]
    pub(crate) address: QueueAddressArgs,
}
