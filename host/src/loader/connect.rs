//! Gives a plugin its host and takes its runners.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use abi_stable::std_types::{RResult, RStr};
use serde_json::{Map, Value};
use solti_plugin_abi::stamp::Stamp;
use solti_plugin_abi::v1::error::PANIC;
use solti_plugin_abi::v1::module::{FfiConnect, PluginModule};
use solti_plugin_abi::v1::plugin::FfiPlugin;

use super::error::ConnectError;
use crate::foreign::{ForeignRunner, Plugin};
use crate::services::log::PluginLog;
use crate::services::plugin_host;

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

/// Connects the plugin of a root module; it must be the one its stamp describes.
pub(super) fn connect(
    module: PluginModule,
    stamp: &Stamp,
    connection: Connection,
) -> Result<Connected, ConnectError> {
    let name: Arc<str> = Arc::from(stamp.plugin.as_str());
    let panics = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&panics);
    let host = plugin_host::export(Arc::clone(&name), Arc::clone(&connection.log), move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    let config = Value::Object(connection.config).to_string();
    let args = FfiConnect {
        config: RStr::from_str(&config),
        worker_threads: connection.worker_threads,
    };
    let FfiPlugin {
        name: found_name,
        version,
        runners,
        control,
    } = match (module.connect())(host, args) {
        RResult::ROk(plugin) => plugin,
        RResult::RErr(err) => {
            let reason = err.text.to_string();
            return Err(if err.code == PANIC {
                ConnectError::Panicked {
                    plugin: name.to_string(),
                    reason,
                }
            } else {
                ConnectError::Refused { reason }
            });
        }
    };
    check("name", &stamp.plugin, &found_name)?;
    check("version", &stamp.version, &version)?;
    let stamped = stamp
        .runners
        .iter()
        .map(|runner| runner.name.as_str())
        .collect::<Vec<_>>();
    let found = runners
        .iter()
        .map(|runner| runner.name.as_str())
        .collect::<Vec<_>>();
    check("runners", &stamped.join(", "), &found.join(", "))?;

    let plugin = Plugin::new(name, stamp.version.clone(), control, connection.log, panics);
    let runners = runners
        .into_iter()
        .zip(&stamp.runners)
        .map(|(runner, stamped)| {
            ForeignRunner::new(plugin.clone(), runner, stamped.kinds, stamped.by_kind)
        })
        .collect();
    Ok(Connected { plugin, runners })
}

/// Compares what the stamp says with what the plugin says once it runs.
fn check(what: &'static str, stamped: &str, found: &str) -> Result<(), ConnectError> {
    if stamped == found {
        return Ok(());
    }
    Err(ConnectError::NotAsStamped {
        what,
        stamped: stamped.to_owned(),
        found: found.to_owned(),
    })
}
