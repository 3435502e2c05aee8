//! The keys of a stamp's lines, and the values that have a meaning of their own.

pub(super) const ABI: &str = "abi";
pub(super) const PLUGIN: &str = "plugin";
pub(super) const VERSION: &str = "version";
pub(super) const SDK: &str = "sdk";
pub(super) const RUSTC: &str = "rustc";
pub(super) const TARGET: &str = "target";
pub(super) const OPT_LEVEL: &str = "opt-level";
pub(super) const PANIC: &str = "panic";
pub(super) const SPEC: &str = "spec";
pub(super) const CONFIG: &str = "config";
pub(super) const RUNNER: &str = "runner";
pub(super) const KINDS: &str = "kinds";
pub(super) const SUPPORTS: &str = "supports";
pub(super) const LABEL: &str = "label";

/// The value of [`SUPPORTS`] where the kinds alone decide.
pub(super) const BY_KIND: &str = "by_kind";

/// What stands between a label's key and its value: neither may contain it.
pub(super) const LABEL_SEPARATOR: &str = "\t";
