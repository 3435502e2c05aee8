//! Which tasks of a queue this service can take.

use std::collections::BTreeMap;

use solti_plugin_host::LoadReport;
use solti_plugin_host::solti_model::RunnerSelector;
use solti_plugin_queue::{HostRunner, Need};

/// Whether a runner that is in service now takes tasks of a need.
pub(super) fn can_take(report: &LoadReport, need: &Need) -> bool {
    let selector: Option<RunnerSelector> = if need.selector.is_null() {
        None
    } else {
        match serde_json::from_value(need.selector.clone()) {
            Ok(selector) => Some(selector),
            // One that a later version can read.
            Err(_) => return false,
        }
    };
    let plugins = report
        .loaded()
        .iter()
        .filter(|plugin| !plugin.handle.is_retired());
    let mut runners = plugins.flat_map(|plugin| &plugin.runners);
    runners.any(|runner| {
        runner.kinds.names().any(|kind| kind == need.kind)
            && selector
                .as_ref()
                .is_none_or(|it| it.matches(&runner.labels))
    })
}

/// The runners that are in service now.
pub(super) fn runners(report: &LoadReport) -> Vec<HostRunner> {
    let plugins = report
        .loaded()
        .iter()
        .filter(|plugin| !plugin.handle.is_retired());
    let runners = plugins.flat_map(|plugin| {
        plugin.runners.iter().map(|runner| HostRunner {
            plugin: plugin.plugin.clone(),
            version: plugin.version.clone(),
            kinds: runner.kinds.names().map(str::to_owned).collect(),
            labels: runner
                .labels
                .iter()
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect::<BTreeMap<_, _>>(),
        })
    });
    runners.collect()
}
