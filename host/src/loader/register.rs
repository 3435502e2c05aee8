//! Puts a plugin's runners into the router.

use std::sync::Arc;

use solti_model::Labels;
use solti_plugin_abi::stamp::Stamp;

use super::connect::Connected;
use super::discover::Candidate;
use super::error::RegisterError;
use super::facts::FileFacts;
use super::probe::ProbeOutcome;
use super::report::{LoadedPlugin, LoadedRunner};
use crate::router::RunnerRouter;

/// Refuses a second plugin of a name. It is asked before the plugin is opened, so that nothing of
/// it runs.
///
/// `first` is the file that has the name already.
pub(super) fn check_name(name: &str, first: Option<&str>) -> Result<(), RegisterError> {
    match first {
        None => Ok(()),
        Some(first) => Err(RegisterError::DuplicateName {
            name: name.to_owned(),
            first: first.to_owned(),
        }),
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "the one place where all that is known of a plugin comes together"
)]
/// Registers the runners in the order of the stamp. Each of `overrides` wins over the labels before
/// it, and the first over the stamp's.
pub(super) fn register(
    candidate: &Candidate,
    facts: FileFacts,
    name: String,
    stamp: &Stamp,
    probe: ProbeOutcome,
    connected: Connected,
    overrides: &[Labels; 2],
    router: &mut RunnerRouter,
) -> LoadedPlugin {
    let mut runners = Vec::new();
    for (runner, stamped) in connected.runners.into_iter().zip(&stamp.runners) {
        let mut labels = stamped.labels.clone();
        for (key, value) in overrides.iter().flat_map(|labels| labels.iter()) {
            labels.insert(key, value);
        }
        router.register_with_labels(Arc::new(runner), labels.clone());
        runners.push(LoadedRunner {
            name: stamped.name.clone(),
            kinds: stamped.kinds,
            labels,
        });
    }
    LoadedPlugin {
        file: candidate.file.clone(),
        path: candidate.path.clone(),
        plugin: name,
        version: stamp.version.clone(),
        abi: stamp.abi,
        runners,
        probe,
        facts,
        handle: connected.plugin,
    }
}
