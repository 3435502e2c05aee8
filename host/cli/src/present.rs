//! How things look to a person: colours, numbers in words, messages, tables.

pub(crate) mod message;
pub(crate) mod phrase;
pub(crate) mod style;
pub(crate) mod tables;
