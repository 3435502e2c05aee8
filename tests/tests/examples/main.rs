//! The example plugins, loaded from their libraries: what a user of each relies on.

#[path = "../support/mod.rs"]
mod support;

mod container;
mod http;
mod sqlite;
mod subprocess;
mod wasm;
