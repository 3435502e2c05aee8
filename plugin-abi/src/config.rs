//! A configuration that describes itself: what an operator may set, readable before a plugin runs.
//!
//! An author derives [`PluginConfig`](macro@crate::PluginConfig) for the type that the constructor takes,
//! and names it in [`export_plugin!`](crate::export_plugin). The description goes into the file's stamp:
//! a host shows it, writes a commented sidecar of it, and refuses a wrong value before anything of the
//! plugin runs.

mod check;
mod describe;
mod fallback;
mod number;
mod parsed;
mod render;
mod schema;
mod values;

pub use describe::ConfigField;
#[doc(hidden)]
pub use fallback::{check_fallback, fallback_of};
pub use parsed::ConfigSchema;
pub(crate) use render::{MAX_SCHEMA_BYTES, write};
pub use schema::{ConfigValue, Fallback, Field, Schema, Word};

pub(crate) use number::between;
pub(crate) use render::json;

#[cfg(test)]
mod tests;
