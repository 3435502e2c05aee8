//! What is known of a file, as an object.

use serde_json::{Value, json};
use solti_plugin_host::stamp::Stamp;

use super::examined::ExaminedFile;

/// The object of one file.
pub(super) fn object(file: &ExaminedFile) -> Value {
    let ExaminedFile { path, problems, .. } = file;
    let Some(examination) = &file.examination else {
        return json!({ "path": path, "problems": problems });
    };
    json!({
        "path": path,
        "size": examination.size,
        "sha256": examination.sha256,
        "stamp": examination.inspection.stamp.as_ref().map(stamp),
        "needs": examination.inspection.requirements,
        "signature": examination.signature,
        "listed": examination.listed,
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
        "config": stamp.config,
    })
}
