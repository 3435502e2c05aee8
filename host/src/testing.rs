//! Tests of a built plugin: the library that is shipped, in a real host, by the harness of
//! [`solti_plugin_abi::testing`].
//!
//! ```toml
//! [dev-dependencies]
//! solti-plugin-abi = { version = "0.1", features = ["testing"] }
//! solti-plugin-host = { version = "0.1", features = ["testing"] }
//! ```
//!
//! ```no_run
//! use solti_plugin_abi::testing::{self, command};
//! use solti_plugin_host::testing::Loaded;
//!
//! # fn main() -> Result<(), solti_plugin_host::testing::NotLoaded> {
//! // In a test of the plugin's own package:
//! let plugin = Loaded::build()?;
//! let ran = testing::run(&plugin, command("hello", ["Ada"])).blocking();
//! assert_eq!(ran.stdout(), "hello, Ada\n", "{ran:?}");
//! # Ok(())
//! # }
//! ```

mod build;
mod error;
mod listener;
mod loaded;

pub use error::NotLoaded;
pub use loaded::Loaded;

#[cfg(test)]
mod tests;
