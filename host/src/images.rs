//! Which plugin's code stands at an address.
//!
//! A signal handler may ask as well, so nothing here waits for a lock or takes memory to answer.

mod code;
mod stack;
mod table;

pub(crate) use stack::{on_stack_at, on_this_stack};
pub use table::{OpenImages, open_images};
pub(crate) use table::{opened, while_opening};
