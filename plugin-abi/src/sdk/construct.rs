//! From a configuration to a runner, and what an author is told whose type cannot be constructed.

use std::fmt::Display;

use serde::de::DeserializeOwned;

use super::config;
use crate::runner::Runner;

/// Constructs a runner that takes no configuration.
///
/// `alone` says that no other runner of the plugin takes one either.
pub fn construct_default<R>(config: &str, alone: bool) -> Result<Box<dyn Runner>, String>
where
    R: Runner + Constructible + 'static,
{
    if alone {
        config::expect_none(config)?;
    }
    Ok(Box::new(R::construct()))
}

/// A runner that needs no configuration: one that implements `Default`.
#[diagnostic::on_unimplemented(
    message = "the runner `{Self}` cannot be constructed",
    label = "neither `Default` nor a constructor",
    note = "implement `Default` for `{Self}`, or name a constructor: `new: {Self}::new`, \
            a function that takes the configuration and returns `Result<{Self}, _>`"
)]
pub trait Constructible {
    /// The value of `Default`.
    fn construct() -> Self;
}

#[diagnostic::do_not_recommend]
impl<R: Default> Constructible for R {
    fn construct() -> Self {
        Self::default()
    }
}

/// A type that a configuration can be read into: one that implements `serde::Deserialize`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold a plugin's configuration",
    label = "the constructor takes a `{Self}`, which does not implement `serde::Deserialize`",
    note = "derive `serde::Deserialize` for `{Self}`"
)]
pub trait Configuration: DeserializeOwned {}

#[diagnostic::do_not_recommend]
impl<C: DeserializeOwned> Configuration for C {}

/// Constructs a runner from its configuration.
pub fn construct_with<R, C, E>(
    config: &str,
    new: impl FnOnce(C) -> Result<R, E>,
) -> Result<Box<dyn Runner>, String>
where
    R: Runner + 'static,
    C: Configuration,
    E: Display,
{
    let config = config::parse(config)?;
    match new(config) {
        Ok(runner) => Ok(Box::new(runner)),
        Err(err) => Err(err.to_string()),
    }
}
