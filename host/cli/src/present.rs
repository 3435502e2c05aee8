//! How things look to a person: characters, colours, numbers in words, messages, tables, times.

pub(crate) mod bar;
pub(crate) mod charset;
pub(crate) mod message;
pub(crate) mod phrase;
pub(crate) mod settings;
pub(crate) mod sidecar;
pub(crate) mod stamp;
pub(crate) mod style;
pub(crate) mod tables;
