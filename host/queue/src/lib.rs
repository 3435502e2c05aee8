//! A queue of tasks that several hosts share, on NATS with JetStream.
//!
//! The engine holds the tasks, gives them to one host at a time, takes them back from a host that has died, and
//! replicates all of it. This crate says where what is kept:
//!
//! | where | what |
//! |---|---|
//! | stream `SOLTI_TASKS` | a message for each task that waits or runs: `solti.task.NEED.NAME` |
//! | stream `SOLTI_OUTPUT` | what tasks write, by blocks: `solti.output.NAME.DELIVERY` |
//! | stream `SOLTI_DEAD` | tasks that nobody tries again by himself, with the reason: `solti.dead.NAME` |
//! | bucket `SOLTI_STATE` | `task.NAME`, `run.NAME`, `result.NAME`, `cancel.NAME` and `dead.NAME` |
//! | bucket `SOLTI_NEEDS` | each combination of a kind and a selector that was ever asked for, and the settings |
//! | bucket `SOLTI_HOSTS` | the hosts that take tasks; one that is silent for half a minute is gone |
//!
//! A task is delivered at least once. Its result is a key that can be created once, so there is one however
//! often it ran.
//!
//! | module | what it owns |
//! |---|---|
//! | `address` | which servers, and as whom |
//! | `connect` | the connection, and what is opened of it |
//! | `bucket` | what a bucket has, many keys at once |
//! | `layout` | streams and buckets: what is wanted, what is there, what `init` would change |
//! | `settings` | what all hosts of a queue share |
//! | `names` | subjects and keys |
//! | `digest` | the beginning of a digest, as text |
//! | `need` | what a host has to have to take a task |
//! | `record` | what is kept of a task |
//! | `submit`, `find`, `cancel`, `dead`, `status`, `output` | what somebody does with the queue |
//! | `take` | what a host does with it |

mod address;
mod bucket;
mod cancel;
mod connect;
mod dead;
mod digest;
mod error;
mod find;
mod layout;
mod names;
mod need;
mod output;
mod record;
mod settings;
mod status;
mod submit;
mod take;
mod time;

pub use address::QueueAddress;
pub use connect::Queue;
pub use dead::DeadLetter;
pub use error::QueueError;
pub use find::Found;
pub use layout::{Change, Limits};
pub use need::Need;
pub use output::{Block, Blocks};
pub use record::{Cancelled, Dead, Host, HostRunner, Order, Outcome, Run};
pub use settings::Settings;
pub use status::{Depth, Status};
pub use submit::Submitted;
pub use take::{Delivery, Feed, Fetched, Taker};
