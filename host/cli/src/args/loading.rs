//! The arguments about how plugins are loaded.

use std::path::PathBuf;

use serde_json::Value;

use super::{ProbeArgs, TrustArgs};

/// Where the plugins are.
#[derive(Debug, clap::Args)]
pub(crate) struct PluginArgs {
    /// The directory of the plugins
    #[arg(long = "plugins", value_name = "DIR", env = "SOLTI_PLUGINS")]
    pub(crate) directory: PathBuf,

    #[command(flatten)]
    pub(crate) loading: LoadArgs,
}

/// How plugins are loaded.
#[derive(Debug, clap::Args)]
pub(crate) struct LoadArgs {
    /// Load only plugins that were built with this name; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) allow: Vec<String>,

    /// Worker threads of each plugin's runtime
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) workers: u32,

    /// Set a field of a plugin's configuration to a JSON value, or to a text that is none
    #[arg(long, value_name = "PLUGIN.FIELD=VALUE", value_parser = parse_config)]
    pub(crate) config: Vec<ConfigField>,

    #[command(flatten)]
    pub(crate) trust: TrustArgs,

    #[command(flatten)]
    pub(crate) probing: ProbeArgs,

    /// Give a plugin no more tasks once it has panicked this often; 0 for never
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) max_panics: u64,
}

/// One field of a plugin's configuration.
#[derive(Debug, Clone)]
pub(crate) struct ConfigField {
    pub(crate) plugin: String,
    pub(crate) field: String,
    pub(crate) value: Value,
}

fn parse_config(text: &str) -> Result<ConfigField, String> {
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
