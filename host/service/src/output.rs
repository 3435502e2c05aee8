//! What tasks wrote: one log each, and readers of it at any position.
//!
//! A log is a sequence of frames: blocks of bytes as a tap hands them out, and what else happened. It is cut
//! into segments, so that the oldest can go; a position in it is the number of bytes before it since its
//! beginning, whatever has gone since.

mod drain;
mod events;
mod frame;
mod index;
mod lines;
mod log;
mod outputs;
mod place;
mod progress;
mod reader;
mod route;
mod segments;
mod usage;
mod window;
mod written;

#[cfg(feature = "queue")]
pub(crate) use events::{add as add_event, are_worth_keeping};
pub(crate) use frame::{
    Frame, Kind, Stream, write as write_frame, write_end, write_gone, write_position,
};
pub(crate) use index::Selection;
pub(crate) use lines::{Cursor, Line, Lines};
pub(crate) use outputs::{Live, Outputs};
pub(crate) use place::Read;
pub(crate) use reader::Reader;
pub(crate) use route::{Built, Route};
pub(crate) use usage::Owners;
pub(crate) use window::{Asked, Needle, Row};
#[cfg(feature = "queue")]
pub(crate) use written::{Writer, Written};
