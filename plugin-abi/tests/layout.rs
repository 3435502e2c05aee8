//! The snapshot of version 1 of the ABI: what crosses never changes unnoticed.
//!
//! The text is rendered from the layouts that abi_stable derives, and holds nothing that depends on
//! the version of this crate, on a source line or on the compiler. It is that of a 64-bit
//! little-endian target, the only ones plugins are built for.

#![cfg(all(target_pointer_width = "64", target_endian = "little"))]

#[path = "layout/render.rs"]
mod render;

use std::env;
use std::fs;
use std::path::Path;

use abi_stable::StableAbi;
use abi_stable::std_types::RResult;
use similar::TextDiff;
use solti_plugin_abi::v1::error::FfiError;
use solti_plugin_abi::v1::host::{FfiHost, FfiPair};
use solti_plugin_abi::v1::log::{FfiLogRecord, PANIC_TARGET};
use solti_plugin_abi::v1::metrics::{FfiLabel, FfiMetrics};
use solti_plugin_abi::v1::module::{ABI_VERSION, ConnectFn, FfiConnect, LAYOUTS, PluginModule};
use solti_plugin_abi::v1::output::{FfiOutputRegistry, FfiOutputSink};
use solti_plugin_abi::v1::plugin::FfiPlugin;
use solti_plugin_abi::v1::rehearsal::{LINE, TARGET};
use solti_plugin_abi::v1::runner::{FfiBuild, FfiBuilding, FfiRunId, FfiRunner, FfiSpec};
use solti_plugin_abi::v1::task::{FfiAttempt, FfiEnd, FfiSpawn, FfiTask};

use render::Layouts;

/// `connect` is opaque to the layout of the root module, so its signature is looked at here.
#[repr(C)]
#[derive(StableAbi)]
struct ConnectSignature {
    connect: extern "C" fn(FfiHost, FfiConnect<'_>) -> RResult<FfiPlugin, FfiError>,
}

impl ConnectSignature {
    /// Does not compile when the signature above is not that of `connect`.
    const fn of(connect: ConnectFn) -> Self {
        Self { connect }
    }
}

#[test]
fn a_change_of_what_crosses_does_not_go_unnoticed() {
    let _ = ConnectSignature::of;
    let found = render_all();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/abi/v1.txt");
    if env::var_os("SOLTI_BLESS").is_some() {
        fs::write(&path, found).expect("the snapshot is written");
        return;
    }
    let frozen = LAYOUTS.replace('\r', "");
    assert!(
        frozen == found,
        "the types that cross are no longer those of {}:\n\n{}\n\
         Version 1 of the ABI is frozen: plugins in the field were built with it. Put what is new \
         into a version 2, a module of its own beside `v1`.\n\
         Before the first release only: `SOLTI_BLESS=1 cargo test -p solti-plugin-abi --test \
         layout` takes the new layouts over.",
        path.display(),
        TextDiff::from_lines(&frozen, &found)
            .unified_diff()
            .context_radius(4)
            .header("frozen", "found"),
    );
}

fn render_all() -> String {
    let mut layouts = Layouts::default();
    layouts.add(PluginModule::LAYOUT);
    layouts.add(ConnectSignature::LAYOUT);
    layouts.add(FfiConnect::LAYOUT);
    layouts.add(FfiHost::LAYOUT);
    layouts.add(FfiLogRecord::LAYOUT);
    layouts.add(FfiPlugin::LAYOUT);
    layouts.add(FfiRunner::LAYOUT);
    layouts.add(FfiSpec::LAYOUT);
    layouts.add(FfiBuild::LAYOUT);
    layouts.add(FfiBuilding::LAYOUT);
    layouts.add(FfiRunId::LAYOUT);
    layouts.add(FfiTask::LAYOUT);
    layouts.add(FfiSpawn::LAYOUT);
    layouts.add(FfiEnd::LAYOUT);
    layouts.add(FfiAttempt::LAYOUT);
    layouts.add(FfiOutputRegistry::LAYOUT);
    layouts.add(FfiOutputSink::LAYOUT);
    layouts.add(FfiMetrics::LAYOUT);
    layouts.add(FfiLabel::LAYOUT);
    layouts.add(FfiPair::LAYOUT);
    layouts.add(FfiError::LAYOUT);
    format!(
        "# Version 1 of the ABI; see tests/layout.rs. 64-bit little-endian.\n\n\
         abi version {ABI_VERSION}\n\ntexts\n  panic target = {PANIC_TARGET}\n  \
         rehearsal line = {LINE}\n  rehearsal target = {TARGET}\n\n{}",
        layouts.finish()
    )
}
