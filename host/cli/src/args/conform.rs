//! The arguments of the conformance suite.

use std::path::PathBuf;

use solti_plugin_host::inspect::GlibcVersion;

use super::bounds;
use super::loading::{ConfigField, parse_config};

/// Try whether a plugin file keeps what a plugin promises a host, rule by rule
///
/// Each rule that runs something of the plugin has a process of its own. A rule for which the plugin
/// has no task is not applicable, and says so. docs/conformance.md has a section for each rule.
///
/// Exit code: 0 if no rule is broken; 1 if one is, or with --strict if one is not applicable; 2 if
/// nothing could be tried.
#[derive(Debug, clap::Args)]
pub(crate) struct ConformArgs {
    /// The plugin file; a sidecar beside it counts
    #[arg(value_name = "FILE", required_unless_present = "list")]
    pub(crate) file: Option<PathBuf>,

    /// A file that names tasks for this plugin by what they do [default: the suite's own for
    /// subprocess, wasm and container]
    #[arg(long, value_name = "FILE")]
    pub(crate) tasks: Option<PathBuf>,

    /// Try only this rule; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) rule: Vec<String>,

    /// Leave out this rule; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) skip: Vec<String>,

    /// Count a rule that is not applicable as broken
    #[arg(long)]
    pub(crate) strict: bool,

    /// Print the rules and why each is there, and try nothing
    #[arg(long)]
    pub(crate) list: bool,

    /// Set a field of the plugin's configuration; VALUE is JSON, or else plain text; may be given
    /// several times. A field under `[config]` in the sidecar overrides it
    #[arg(long, value_name = "PLUGIN.FIELD=VALUE", value_parser = parse_config)]
    pub(crate) config: Vec<ConfigField>,

    /// Worker threads of the plugin's runtime, 1 to 1024
    #[arg(long, value_name = "N", value_parser = bounds::number::<u32>(bounds::WORKERS))]
    pub(crate) workers: Option<u32>,

    /// The oldest glibc that the file is to run with
    #[arg(long, value_name = "VERSION", default_value = "2.34", value_parser = parse_glibc)]
    pub(crate) glibc: GlibcVersion,

    /// How long one rule may take; 1s to 1h
    #[arg(
        long,
        value_name = "TIME",
        default_value = "2m",
        value_parser = bounds::time(bounds::RULE_TIME)
    )]
    pub(crate) time: humantime::Duration,

    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

fn parse_glibc(text: &str) -> Result<GlibcVersion, String> {
    GlibcVersion::parse(text).ok_or_else(|| "expected a version such as 2.34".to_owned())
}
