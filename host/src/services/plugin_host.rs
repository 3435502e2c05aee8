//! The host as a plugin sees it: its log, its run-id sequence, its methods.

use std::sync::Arc;

use abi_stable::erased_types::TD_Opaque;
use abi_stable::std_types::{RResult, RSlice, RStr, RString, RVec};
use async_ffi::FutureExt as _;
use serde_json::json;
use solti_plugin_abi::guardian::Request;
use solti_plugin_abi::v1::call::{FfiAnswer, GUARDIAN, HOST_INFO};
use solti_plugin_abi::v1::error::{CALL_FAILED, FfiError, UNKNOWN_METHOD};
use solti_plugin_abi::v1::host::{FfiHost, FfiPair, HostAbi, HostAbi_TO};
use solti_plugin_abi::v1::log::{FfiLogRecord, PANIC_TARGET, level};
use tracing::level_filters::LevelFilter;

use super::contain::{Contained, contain};
use super::instruments::Instruments;
use super::log::Records;
use crate::guardian;

/// Hands out the host to the plugin of these records; `on_panic` is called for each panic that the
/// plugin could only log.
pub(crate) fn export(
    records: Arc<Records>,
    instruments: Arc<Instruments>,
    on_panic: impl Fn() + Send + Sync + 'static,
) -> FfiHost {
    let host = ExportedHost {
        records: Contained::new("log", records),
        instruments,
        on_panic: Box::new(on_panic),
    };
    HostAbi_TO::from_value(host, TD_Opaque)
}

struct ExportedHost {
    records: Contained<Arc<Records>>,
    instruments: Arc<Instruments>,
    on_panic: Box<dyn Fn() + Send + Sync>,
}

/// What the host calls itself: by the library, which is what a plugin deals with.
pub(crate) const NAME: &str = env!("CARGO_PKG_NAME");
/// The version of the library.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What this host can do beyond the functions of version 1, by name.
pub(crate) const FEATURES: [&str; 2] = [HOST_INFO, GUARDIAN];

/// The answer to [`HOST_INFO`].
fn info() -> Vec<u8> {
    json!({ "name": NAME, "version": VERSION, "features": FEATURES })
        .to_string()
        .into_bytes()
}

/// The answer to [`GUARDIAN`].
fn guardian(request: &[u8]) -> Result<Vec<u8>, FfiError> {
    let failed = |reason: String| FfiError::new(CALL_FAILED, reason);
    if request.is_empty() {
        let region = guardian::claim().map_err(failed)?;
        return Ok(serde_json::to_vec(&region).expect("a region is JSON"));
    }
    let request: Request =
        serde_json::from_slice(request).map_err(|err| failed(err.to_string()))?;
    if request.release {
        guardian::release();
    }
    Ok(Vec::new())
}

impl HostAbi for ExportedHost {
    fn next_run_seq(&self) -> u64 {
        solti_plugin_abi::next_seq()
    }

    fn max_log_level(&self) -> u32 {
        // Errors always cross: a panic is counted even where nobody reads the log.
        contain("log", 1, || {
            level::filter_code(self.records.get().log().max_level().max(LevelFilter::ERROR))
        })
    }

    fn log_enabled(&self, level: u32, target: RStr<'_>) -> bool {
        let target = target.as_str();
        target == PANIC_TARGET
            || contain("log", false, || {
                let log = self.records.get().log();
                log.enabled(self.records.get().plugin(), level::level(level), target)
            })
    }

    fn measure(&self, kind: u32, name: RStr<'_>, labels: RSlice<'_, FfiPair<'_>>, value: f64) {
        contain("instruments", (), || {
            let labels = labels
                .iter()
                .map(|pair| (pair.key.as_str(), pair.value.as_str()));
            self.instruments.measure(kind, name.as_str(), labels, value);
        });
    }

    fn call(&self, method: RString, payload: RVec<u8>) -> FfiAnswer {
        let unknown = || FfiError::new(UNKNOWN_METHOD, method.as_str());
        let answer = contain("call", Err(unknown()), || match method.as_str() {
            HOST_INFO => Ok(info().into()),
            GUARDIAN => guardian(&payload).map(RVec::from),
            _ => Err(unknown()),
        });
        std::future::ready(RResult::from(answer)).into_ffi()
    }

    fn log(&self, record: FfiLogRecord<'_>) {
        contain("log", (), || {
            if record.target.as_str() == PANIC_TARGET {
                (self.on_panic)();
            }
            self.records.get().push(&record);
        });
    }
}
