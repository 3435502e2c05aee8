//! The runners of this service, as a queue knows them.

use std::collections::BTreeMap;

use solti_plugin_host::LoadReport;
use solti_plugin_queue::HostRunner;

/// The runners that are in service now.
pub(super) fn of(report: &LoadReport) -> Vec<HostRunner> {
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
