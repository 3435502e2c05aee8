//! What keeps tasks from outliving a host that is killed: another process, which sees to that.
//!
//! ```text
//! running ─► table                     in the host: starts the guardian, gives plugins their slots
//!    │
//!    ▼
//! role ─► watch ─► sweep ─► processes  in the guardian: waits for the end of the host, then kills the
//!                                      groups and removes the files that are in the table
//! ```
//!
//! The table is memory that both have, so the guardian is told nothing while the host lives, and has
//! all of it once the host is gone, however that went. It is this program in another role, as the
//! probe is, and it is started by the first process that a plugin starts.

mod processes;
mod role;
pub(crate) mod running;
mod sweep;
mod table;
mod watch;
mod wire;

pub(crate) use role::run;
pub(crate) use running::{claim, release};
pub(crate) use wire::ARGUMENT;
