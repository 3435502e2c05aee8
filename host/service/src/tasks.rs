//! The life of a task: admission, supervision, its end, and what an interruption makes of it.

mod active;
mod admit;
mod all;
mod core;
mod counters;
mod ends;
mod evict;
mod handler;
mod history;
mod name;
mod recover;
mod refusal;
mod stop;
mod stored;
mod turns;
mod view;

#[cfg(feature = "queue")]
pub(crate) use admit::ON_INTERRUPT;
pub(crate) use admit::{BESIDE, New, manifest_in, manifest_of};
pub(crate) use all::Tasks;
pub(crate) use ends::Ends;
pub(crate) use handler::Handler;
pub(crate) use refusal::Refused;
pub(crate) use view::{PHASES, TaskList, TaskView, Wanted};
