//! What is known of a file, as an object.

use serde_json::{Value, json};
use solti_plugin_host::stamp::Stamp;
use solti_plugin_host::{LoadError, Survey};

use super::complaints;

/// The object of one file.
pub(super) fn object((path, survey): &(String, Result<Survey, LoadError>)) -> Value {
    let problems = complaints(survey);
    let Ok(survey) = survey else {
        return json!({ "path": path, "problems": problems });
    };
    json!({
        "path": path,
        "size": survey.size,
        "sha256": survey.sha256,
        "stamp": survey.inspection.stamp.as_ref().map(stamp),
        "needs": survey.inspection.requirements,
        "signature": survey.signature,
        "listed": survey.listed,
        "problems": problems,
    })
}

fn stamp(stamp: &Stamp) -> Value {
    let runners: Vec<_> = stamp
        .runners
        .iter()
        .map(|runner| {
            json!({
                "name": runner.name,
                "kinds": runner.kinds.names().collect::<Vec<_>>(),
                "labels": runner.labels,
            })
        })
        .collect();
    json!({
        "abi": stamp.abi,
        "plugin": stamp.plugin,
        "version": stamp.version,
        "sdk": stamp.sdk,
        "rustc": stamp.rustc,
        "target": stamp.target,
        "opt_level": stamp.opt_level,
        "panic": stamp.panic,
        "runners": runners,
    })
}
