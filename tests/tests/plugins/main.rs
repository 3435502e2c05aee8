//! Loaded plugins: that they run, stay apart, log and fail, whatever they were built with.

#[path = "../support/mod.rs"]
mod support;

mod builds;
mod grown;
mod hello;
mod live;
mod log;
mod panics;
mod readme;
mod retirement;
mod separation;
mod tasks;
mod tomorrow;
