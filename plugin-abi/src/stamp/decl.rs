//! A plugin's declaration, as constants that `export_plugin!` fills in.

use crate::config::Schema;

/// What `export_plugin!` knows of a plugin.
#[derive(Debug, Clone, Copy)]
pub struct PluginDecl {
    /// The plugin's name: its package's.
    pub name: &'static str,
    /// The plugin's version: its package's.
    pub version: &'static str,
    /// The panic strategy that it is built with.
    pub panic: &'static str,
    /// The worker threads of its runtime where the operator sets none; one for each processor where it
    /// does not say either.
    pub workers: Option<u32>,
    /// What its configuration may be, where that is known.
    pub config: Option<Schema>,
    /// Its runners, in the order of their declaration.
    pub runners: &'static [RunnerDecl],
}

/// What `export_plugin!` knows of a runner.
#[derive(Debug, Clone, Copy)]
pub struct RunnerDecl {
    /// What `Runner::name` answers.
    pub name: &'static str,
    /// The kinds it takes.
    pub kinds: &'static [&'static str],
    /// Whether the kinds alone decide, so that the host never calls `supports`.
    pub by_kind: bool,
    /// The labels it is registered with unless the operator sets others.
    pub labels: &'static [(&'static str, &'static str)],
}
