//! The arguments of `serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::bounds;
use super::probing::ProbeArgs;
use super::trust::TrustArgs;

/// Run tasks that come over HTTP, through the plugins of a directory, and lose none
///
/// It listens on a Unix socket, `service.sock` in the state directory, and on the addresses that
/// --listen and --grpc name, for which it makes a token in the state directory. When it is ready it prints a line
/// with its addresses. A task that is acknowledged is on the disk; what it writes is kept and can be
/// read at any time.
///
/// SIGTERM or Ctrl-C stops it: it takes no more tasks, cancels those that run, each with at most --grace
/// to end, and tells its clients. A second one exits at once.
///
/// Exit code: 0 after it was stopped, 2 if it could not start. With --check: 0 if it could start, 2 if not.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ServeArgs {
    /// The directory of the plugins
    #[arg(long, value_name = "DIR", required_unless_present = "config")]
    pub(crate) plugins: Option<PathBuf>,

    /// Listen on this address as well; port 0 chooses one; may be given several times
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Vec<SocketAddr>,

    /// Serve gRPC on this address, with the same token; port 0 chooses one; may be given several times
    #[arg(long, value_name = "ADDR")]
    pub(crate) grpc: Vec<SocketAddr>,

    /// Listen on this Unix socket, instead of `service.sock` in the state directory
    #[arg(long, value_name = "PATH")]
    pub(crate) unix: Option<PathBuf>,

    /// The file of the token that TCP asks for, instead of `token` in the state directory
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,

    /// Ask for no token, on loopback addresses alone: any user of this machine can run tasks then
    #[arg(long)]
    pub(crate) no_auth: bool,

    /// Read these settings and others from a TOML file; what is given here as well comes first
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Run at most N tasks at the same time, at most 1000000000; 0 for no limit
    #[arg(long, value_name = "N", value_parser = bounds::number::<u32>(bounds::COUNT))]
    pub(crate) jobs: Option<u32>,

    /// Take tasks of the queue that hosts share on these NATS servers, `nats://HOST:PORT` or `tls://HOST:PORT`;
    /// several of a cluster with commas. As many run at the same time as --jobs says, or else as the machine has
    /// processors
    #[cfg(feature = "queue")]
    #[arg(long, value_name = "URL", env = "SOLTI_QUEUE", value_delimiter = ',')]
    pub(crate) queue: Vec<String>,

    #[cfg(feature = "queue")]
    #[command(flatten)]
    pub(crate) queue_address: super::queue::QueueAddressArgs,

    /// What people call this host in the queue, instead of the name of the machine
    #[cfg(feature = "queue")]
    #[arg(long, value_name = "NAME")]
    pub(crate) queue_name: Option<String>,

    /// How long a task gets to end once it is cancelled; at most 1day [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = bounds::time(bounds::GRACE))]
    pub(crate) grace: Option<humantime::Duration>,

    /// Take the place of a service that works in the state directory: it hands over its sockets, so that
    /// nobody is refused meanwhile, and ends in order
    #[arg(long)]
    pub(crate) take_over: bool,

    /// Say what is wrong with the settings and the plugins, and serve nothing
    #[arg(long)]
    pub(crate) check: bool,

    /// Load only plugins that were built with this name; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) allow: Vec<String>,

    /// Worker threads of each plugin's runtime, 1 to 1024
    #[arg(long, value_name = "N", value_parser = bounds::number::<u32>(bounds::WORKERS))]
    pub(crate) workers: Option<u32>,

    #[command(flatten)]
    pub(crate) trust: TrustArgs,

    #[command(flatten)]
    pub(crate) probing: ProbeArgs,
}
