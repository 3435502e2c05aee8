//! A queue on a real server, and who takes tasks from it: the service, or a worker that only stores.

mod queue;
mod workers;

pub use queue::{Queue, Servers, greetings};
pub use workers::{JOBS, Programs, Side, Workers};
