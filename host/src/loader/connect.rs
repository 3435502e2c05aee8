//! Gives a plugin its host and takes its runners.

mod error;
mod source;
mod state;

use std::num::NonZeroU64;
use std::path::PathBuf;
use std::sync::Arc;

use abi_stable::std_types::{RResult, RSlice, RStr};
use serde_json::{Map, Value};
use solti_plugin_abi::stamp::Stamp;
use solti_plugin_abi::text::shorten;
use solti_plugin_abi::v1::error::PANIC;
use solti_plugin_abi::v1::host::FfiHost;
use solti_plugin_abi::v1::module::{ConnectDetails, FfiConnect, PluginModule};
use solti_plugin_abi::v1::plugin::FfiPlugin;

use tracing::warn;

pub use error::ConnectError;
pub use source::ConfigPlace;
pub(super) use source::ConfigSource;
pub(super) use state::directory_of;

use crate::foreign::{ForeignRunner, Panics, Plugin};
use crate::services::instruments::Instruments;
use crate::services::log::{PluginLog, Records};
use crate::services::{log_thread, plugin_host};

/// How much is kept of a reason, in bytes: it is printed on one line.
const LONGEST_REASON: usize = 4096;

/// What a plugin is connected with.
pub(super) struct Connection {
    pub(super) config: Map<String, Value>,
    /// 0 leaves the number to the plugin.
    pub(super) worker_threads: u32,
    /// The plugin's own directory, where the host has one.
    pub(super) state_dir: Option<PathBuf>,
    /// 0 where the host does not say.
    pub(super) grace_ms: u64,
    /// The limit on open files of what the plugin starts, where it is not this process's.
    pub(super) open_files: Option<u64>,
    pub(super) log: Arc<dyn PluginLog>,
}

/// A plugin whose constructor has run.
pub(super) struct Connected {
    pub(super) plugin: Plugin,
    /// In the order of the stamp.
    pub(super) runners: Vec<ForeignRunner>,
}

/// Connects the plugin of a root module under `name`; it must be the one its stamp describes.
pub(super) fn connect(
    module: PluginModule,
    name: &str,
    stamp: &Stamp,
    connection: Connection,
    max_panics: Option<NonZeroU64>,
) -> Result<Connected, ConnectError> {
    let panics = Arc::new(Panics::new(name, max_panics));
    let records = Arc::new(Records::new(Arc::from(name), Arc::clone(&connection.log)));
    let counter = Arc::clone(&panics);
    let instruments = Arc::new(Instruments::default());
    let host = plugin_host::export(Arc::clone(&records), Arc::clone(&instruments), move || {
        // On a thread of the plugin's, which must not wait for whoever reads the log.
        if let Some(retired) = counter.count() {
            log_thread::say(move || retired.tell());
        }
    });
    let constructed = construct(module, name, host, &connection)?;
    Description::of(&constructed).check(stamp)?;
    records.queue_from_now();

    let version = stamp.version.clone();
    let features = constructed
        .features
        .iter()
        .map(ToString::to_string)
        .collect();
    let plugin = Plugin::new(
        version,
        features,
        stamp.formats.clone(),
        constructed.control,
        records,
        instruments,
        panics,
    );
    let runners = constructed
        .runners
        .into_iter()
        .zip(&stamp.runners)
        .map(|(runner, stamped)| {
            ForeignRunner::new(
                plugin.clone(),
                runner,
                stamped.kinds.clone(),
                stamped.by_kind,
            )
        })
        .collect();
    Ok(Connected { plugin, runners })
}

/// Gives the plugin its host and its configuration, and has it construct its runners.
fn construct(
    module: PluginModule,
    plugin: &str,
    host: FfiHost,
    connection: &Connection,
) -> Result<FfiPlugin, ConnectError> {
    let config = Value::Object(connection.config.clone()).to_string();
    let state_dir = connection.state_dir.as_deref().and_then(|directory| {
        let text = directory.to_str();
        if text.is_none() {
            warn!(
                "plugin '{plugin}' is given no directory of its own: {} is not UTF-8",
                directory.display()
            );
        }
        text
    });
    let features = plugin_host::FEATURES.map(RStr::from_str);
    let details = ConnectDetails {
        open_files: connection.open_files,
    };
    let details = details.write();
    let args = FfiConnect {
        config: RStr::from_str(&config),
        host_name: RStr::from_str(plugin_host::NAME),
        host_version: RStr::from_str(plugin_host::VERSION),
        features: RSlice::from_slice(&features),
        instance: RStr::from_str(plugin),
        state_dir: RStr::from_str(state_dir.unwrap_or_default()),
        grace_ms: connection.grace_ms,
        worker_threads: connection.worker_threads,
        details: RStr::from_str(&details),
    };
    match (module.connect())(host, args) {
        RResult::ROk(constructed) => Ok(constructed),
        RResult::RErr(err) => {
            let reason = shorten(&err.text, LONGEST_REASON).into_owned();
            Err(if err.code == PANIC {
                ConnectError::Panicked {
                    plugin: plugin.to_owned(),
                    reason,
                }
            } else {
                ConnectError::refused(reason)
            })
        }
    }
}

/// What a plugin says of itself once it runs.
#[derive(Debug)]
struct Description {
    name: String,
    version: String,
    runners: Vec<String>,
}

impl Description {
    fn of(plugin: &FfiPlugin) -> Self {
        Self {
            name: plugin.name.to_string(),
            version: plugin.version.to_string(),
            runners: plugin
                .runners
                .iter()
                .map(|runner| runner.name.to_string())
                .collect(),
        }
    }

    /// Compares it with what the plugin's stamp says.
    fn check(&self, stamp: &Stamp) -> Result<(), ConnectError> {
        let stamped: Vec<_> = stamp.runners.iter().map(|it| it.name.as_str()).collect();
        let same_runners = self.runners == stamped;
        for (what, same, stamped, found) in [
            ("name", stamp.plugin == self.name, &stamp.plugin, &self.name),
            (
                "version",
                stamp.version == self.version,
                &stamp.version,
                &self.version,
            ),
            // Compared as lists: a name may have a comma in it.
            (
                "runners",
                same_runners,
                &stamped.join(", "),
                &self.runners.join(", "),
            ),
        ] {
            if !same {
                return Err(ConnectError::NotAsStamped {
                    what: what.to_owned(),
                    stamped: stamped.clone(),
                    found: found.clone(),
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
