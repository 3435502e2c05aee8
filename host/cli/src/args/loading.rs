//! The arguments about how plugins are loaded.

use serde_json::Value;

use super::bounds;
use super::probing::ProbeArgs;
use super::trust::TrustArgs;

/// How plugins are loaded.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "How plugins are loaded")]
pub(crate) struct LoadArgs {
    /// Load only plugins that were built with this name; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) allow: Vec<String>,

    /// Worker threads of each plugin's runtime, 1 to 1024; they start with the plugin's first task
    /// [default: what the plugin was built with, mostly one for each processor]
    #[arg(long, value_name = "N", value_parser = bounds::number::<u32>(bounds::WORKERS))]
    pub(crate) workers: Option<u32>,

    /// Set a field of a plugin's configuration; VALUE is JSON, or else plain text; may be
    /// given several times
    ///
    /// A field under `[config]` in the plugin's sidecar (foo.toml beside foo.so) overrides the same
    /// field here, which overrides what the plugin would use by itself. Labels follow the same order:
    /// those under `[labels]` in the sidecar override those that the plugin was built with.
    #[arg(long, value_name = "PLUGIN.FIELD=VALUE", value_parser = parse_config)]
    pub(crate) config: Vec<ConfigField>,

    /// Give a plugin no more tasks once it has panicked N times, at most 1000000000; 0 for never
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        value_parser = bounds::number::<u64>(bounds::COUNT)
    )]
    pub(crate) max_panics: u64,

    #[command(flatten)]
    pub(crate) trust: TrustArgs,

    #[command(flatten)]
    pub(crate) probing: ProbeArgs,
}

/// One field of a plugin's configuration.
#[derive(Debug, Clone)]
pub(crate) struct ConfigField {
    pub(crate) plugin: String,
    pub(crate) field: String,
    pub(crate) value: Value,
}

pub(super) fn parse_config(text: &str) -> Result<ConfigField, String> {
    let (place, value) = text
        .split_once('=')
        .ok_or("expected PLUGIN.FIELD=VALUE, found no '='")?;
    let (plugin, field) = place
        .split_once('.')
        .ok_or("expected PLUGIN.FIELD=VALUE, found no '.' before the '='")?;
    Ok(ConfigField {
        plugin: plugin.to_owned(),
        field: field.to_owned(),
        value: serde_json::from_str(value).unwrap_or_else(|_| value.into()),
    })
}
