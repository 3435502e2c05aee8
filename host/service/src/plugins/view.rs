//! Plugins as the service's own API shows them.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};
use solti_plugin_host::inspect::Signature;
use solti_plugin_host::live::Departed;
use solti_plugin_host::report::{LoadedPlugin, OfferedRunner};
use solti_plugin_host::{AttemptCounts, open_images};

use super::all::Plugins;
use super::images::{self, Memory};
use crate::time::{millis, rfc3339};

/// How long a plugin may take to answer what it is asked for a view of it.
const ANSWER: Duration = Duration::from_secs(2);

/// A plugin that is in service.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PluginView {
    name: String,
    file: String,
    version: String,
    abi: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<Signature>,
    runners: Vec<OfferedRunner>,
    /// `active`, or `retired`: by somebody, or after too many panics.
    state: &'static str,
    attempts: Attempts,
    panics: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<LastErrorView>,
    /// Only where one plugin was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<Memory>,
    #[serde(skip_serializing_if = "Option::is_none")]
    health: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Value>,
}

#[derive(Debug, Serialize)]
struct Attempts {
    active: u64,
    #[serde(flatten)]
    ended: AttemptCounts,
}

#[derive(Debug, Serialize)]
struct LastErrorView {
    at: String,
    text: String,
}

/// A plugin that was replaced, or is gone.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DepartedView {
    name: String,
    file: String,
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    since: String,
    /// `draining`, or `ended`.
    state: &'static str,
    active: u64,
}

impl Plugins {
    /// All plugins, and the files that are none.
    pub(crate) fn view(&self) -> Result<Value, serde_json::Error> {
        let report = self.live.report();
        let mut view = serde_json::to_value(&*report)?;
        if let Some(fields) = view.as_object_mut() {
            fields.remove("loaded");
        }
        let plugins: Vec<_> = report.loaded().iter().map(view_of).collect();
        let departed: Vec<_> = self.live.departed().iter().map(departed_of).collect();
        view["plugins"] = serde_json::to_value(plugins)?;
        view["departed"] = serde_json::to_value(departed)?;
        let open = open_images();
        view["images"] = json!({
            "open": open.count, "limit": self.limits.images,
            "bytes": open.bytes, "limitBytes": self.limits.bytes,
        });
        Ok(view)
    }

    /// One plugin, and what it says of itself; `None` where none of this name is in service.
    pub(crate) async fn view_one(&self, name: &str) -> Option<PluginView> {
        let report = self.live.report();
        let plugin = report.loaded().iter().find(|it| it.plugin == name)?;
        let ask = async |method: &str| {
            let answer = plugin.handle.call(method, Bytes::new());
            match tokio::time::timeout(ANSWER, answer).await {
                Ok(Ok(answer)) => serde_json::from_slice(&answer)
                    .unwrap_or_else(|err| json!({"error": format!("no JSON: {err}")})),
                Ok(Err(err)) => json!({"error": err.to_string()}),
                Err(_) => json!({"error": format!("no answer within {} s", ANSWER.as_secs())}),
            }
        };
        let mut view = view_of(plugin);
        let (health, description) = tokio::join!(ask("health"), ask("describe"));
        view.health = Some(health);
        view.description = Some(description);
        view.memory = images::memory_of(&plugin.file);
        Some(view)
    }
}

fn view_of(plugin: &LoadedPlugin) -> PluginView {
    let handle = &plugin.handle;
    PluginView {
        name: plugin.plugin.clone(),
        file: plugin.file.clone(),
        version: plugin.version.clone(),
        abi: plugin.abi,
        sha256: plugin.measurements.sha256.map(|digest| digest.to_string()),
        size: plugin.measurements.size,
        signature: plugin.signature.clone(),
        runners: plugin.runners.clone(),
        state: if handle.is_retired() {
            "retired"
        } else {
            "active"
        },
        attempts: Attempts {
            active: handle.active_tasks(),
            ended: handle.attempts(),
        },
        panics: handle.panics(),
        last_error: handle.last_error().map(|err| LastErrorView {
            at: time_of(err.at),
            text: err.text,
        }),
        memory: None,
        health: None,
        description: None,
    }
}

fn departed_of(departed: &Departed) -> DepartedView {
    let plugin = &departed.plugin;
    DepartedView {
        name: plugin.plugin.clone(),
        file: plugin.file.clone(),
        version: plugin.version.version.clone(),
        sha256: plugin.version.sha256.map(|digest| digest.to_string()),
        since: time_of(departed.since),
        state: if departed.active.is_some() {
            "draining"
        } else {
            "ended"
        },
        active: departed.active.unwrap_or(0),
    }
}

fn time_of(time: SystemTime) -> String {
    rfc3339(millis(time))
}
