//! A task as the supervisor sees it: named after its slot, announced, and accounted for.
//!
//! The supervisor's controller admits one task of a name at a time, and names are slots to it; the
//! task a runner builds is named after its output channel. So the runner's task is wrapped. The
//! wrapper has it built when it is first admitted, so that only tasks that run have a channel.
//!
//! A task is over when nobody holds its wrapper any more: finished, refused, replaced while it
//! waited, or abandoned at the end. That cannot be missed, whatever events are.

mod attempt;
mod record;
mod supervision;
mod task;

pub(crate) use supervision::{Show, Supervision, TaskReport, TaskRun};
pub(crate) use task::SupervisedTask;
