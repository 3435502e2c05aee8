//! A service that runs tasks through plugins, over HTTP, and loses none.
//!
//! ```text
//!               ┌────────────── http ───────────────┐
//!  a client ──► │ auth ─► /v1, /apis/solti.io/v1 …  │ ──► tasks ──► solti-core ──► bridge ──► plugins
//!               └───────────────────────────────────┘      │                          │
//!                         ▲                                ▼                          ▼ taps
//!                         └────────── output ◄──────── the state directory: store, output
//! ```
//!
//! What is acknowledged is in the store; what a task writes goes through a tap into a file. Supervision is
//! that of `solti-core` 0.0.8, and its routes are served beside our own, so that every client of that line
//! works.
//!
//! | module | what it owns |
//! |---|---|
//! | `config` | what a service is told, from a file or from an application |
//! | `access` | who may ask for what: roles, and the tokens that give them |
//! | `state` | the state directory: who may use it, and that one service does |
//! | `store` | the record of each task, durable before it is acknowledged |
//! | `output` | what tasks wrote: files, and readers of them at any position |
//! | `tasks` | the life of a task: admission, supervision, its end, what an interruption makes of it |
//! | `plugins` | plugins that come, change and go, and what is told of them |
//! | `http` | routes, authentication, errors |
//! | `grpc` | the routes of 0.0.8 over gRPC, and its health |
//! | `handover` | the sockets on their way to the next service |
//! | `discover` | what a control plane is told; behind a feature |
//! | `queue` | tasks of a queue that several hosts share; behind a feature |
//! | `machine` | what this machine is called |
//! | `server` | sockets, connections and their limits |
//! | `service` | the whole: start, run, stop |

mod access;
mod config;
#[cfg(feature = "discover")]
mod discover;
mod disk;
mod exposition;
#[cfg(feature = "grpc")]
mod grpc;
mod handover;
mod http;
#[cfg(any(feature = "discover", feature = "queue"))]
mod machine;
mod output;
mod plugins;
#[cfg(feature = "queue")]
mod queue;
mod renewed;
mod server;
mod service;
mod state;
mod store;
mod stream;
mod tasks;
mod time;

pub use access::Role;
pub use config::{
    Config, ConfigError, Discover, OnFull, OnInterrupt, OnStop, OutputLimits, QueueSettings,
    Retention, ServerLimits, TlsFiles, TokenFile,
};
/// The target of what the log is told of every change of plugins: which, and who asked for it.
pub const AUDIT_TARGET: &str = plugins::AUDIT;

#[cfg(feature = "queue")]
pub use queue::{NoQueueTask, QueueTask, queue_task};
pub use server::{Address, InheritedSocket};
pub use service::{Service, ServiceError, Stopped};
pub use state::StateError;
pub use store::StoreError;
pub use time::moment;
