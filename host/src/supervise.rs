//! Runs tasks: slots, turns, attempts, restarts, and one end for each.
//!
//! A [`Supervisor`] takes specs and has the runners of a router, or of plugins that come and go, do them.
//! Of one slot one task runs at a time, in all no more than there are jobs, in the order in which they
//! came; each attempt is announced, timed, and tried again as its spec says; and each task ends once, with
//! an [`Outcome`].
//!
//! A task that waits is its spec and nothing else. It is built when it is its turn, so only tasks that
//! run have a channel.

mod attempt;
mod end;
mod handle;
mod observer;
mod options;
mod outcome;
mod output;
mod retry;
mod runners;
mod running;
mod schedule;
mod slots;
mod submission;
mod supervisor;
mod task;
mod tasks;

pub use end::{TaskEnd, Unsuccessful};
pub use handle::TaskHandle;
pub use observer::{Observer, StartedTask};
pub use options::{DEFAULT_GRACE, SupervisorOptions};
pub use outcome::Outcome;
pub use output::TaskOutput;
pub use runners::Runners;
pub use submission::{Submission, TaskNumber};
pub use supervisor::Supervisor;

#[cfg(test)]
mod tests;
