//! Gives a plugin its host and takes its runners.

mod error;

use std::num::NonZeroU64;
use std::sync::Arc;

use abi_stable::std_types::{RResult, RStr};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use solti_plugin_abi::stamp::Stamp;
use solti_plugin_abi::text::shorten;
use solti_plugin_abi::v1::error::PANIC;
use solti_plugin_abi::v1::module::{FfiConnect, PluginModule};
use solti_plugin_abi::v1::plugin::FfiPlugin;

pub use error::ConnectError;

use crate::foreign::{ForeignRunner, Panics, Plugin};
use crate::services::log::PluginLog;
use crate::services::plugin_host;

/// How much is kept of a reason, in bytes: it is printed on one line.
const LONGEST_REASON: usize = 4096;

/// What a plugin is connected with.
pub(super) struct Connection {
    pub(super) config: Map<String, Value>,
    pub(super) worker_threads: u32,
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
    let log = Arc::clone(&connection.log);
    let counter = Arc::clone(&panics);
    let constructed = construct(module, name, connection, move || counter.count())?;
    Description::of(&constructed).check(stamp)?;

    let version = stamp.version.clone();
    let plugin = Plugin::new(version, constructed.control, log, panics);
    let runners = constructed
        .runners
        .into_iter()
        .zip(&stamp.runners)
        .map(|(runner, stamped)| {
            ForeignRunner::new(plugin.clone(), runner, stamped.kinds, stamped.by_kind)
        })
        .collect();
    Ok(Connected { plugin, runners })
}

/// Gives the plugin its host and its configuration, and has it construct its runners.
pub(super) fn construct(
    module: PluginModule,
    plugin: &str,
    connection: Connection,
    on_panic: impl Fn() + Send + Sync + 'static,
) -> Result<FfiPlugin, ConnectError> {
    let host = plugin_host::export(Arc::from(plugin), connection.log, on_panic);
    let config = Value::Object(connection.config).to_string();
    let args = FfiConnect {
        config: RStr::from_str(&config),
        worker_threads: connection.worker_threads,
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
                ConnectError::Refused { reason }
            })
        }
    }
}

/// What a plugin says of itself once it runs.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Description {
    name: String,
    version: String,
    runners: Vec<String>,
}

impl Description {
    pub(super) fn of(plugin: &FfiPlugin) -> Self {
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
    pub(super) fn check(&self, stamp: &Stamp) -> Result<(), ConnectError> {
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
