//! Reads task specs that people wrote: from files, standard input and requests.
//!
//! One bad spec never stops the good ones: each is read by itself, and what is wrong with it names
//! the file, the place in its array and the field.

mod check;
mod parse;
mod placed;
mod read;
mod shape;
mod source;
mod spec;
mod syntax;
mod time;
mod tree;

pub use placed::{PlacedSpec, SpecError, SpecResult};
pub use read::{STDIN_ARGUMENT, are_in, read_bytes, read_file, read_stdin};
pub use spec::Spec;
