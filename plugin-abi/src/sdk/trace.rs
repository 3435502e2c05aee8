//! `tracing` and `log` events on their way to the host.
//!
//! A plugin has its own copy of `tracing`, whose events would reach nobody. The bridge is its
//! subscriber: it asks the host once per call site whether events are wanted, so that an unwanted
//! one costs no call across the boundary, and hands over the wanted ones as text.

mod bridge;
mod fields;
mod lazy;

use tracing_log::AsLog as _;

#[cfg(feature = "testing")]
pub(crate) use fields::Fields;

use crate::v1::host::FfiHost;
use crate::v1::log::level;
use bridge::Bridge;
use lazy::LazyBridge;

/// Makes `host` the receiver of everything this plugin logs.
pub(super) fn install(host: &'static FfiHost) {
    let subscriber = LazyBridge::new(Bridge::new(host));
    // An author's constructor may have set a subscriber of its own; then it is theirs to keep.
    let _ = tracing::subscriber::set_global_default(subscriber);
    let _ = tracing_log::LogTracer::init();
    limit_log_crate(host);
}

/// Asks the host anew about every call site.
pub(super) fn refresh(host: &FfiHost) {
    limit_log_crate(host);
    tracing_core::callsite::rebuild_interest_cache();
}

/// The `log` crate has a limit of its own, checked before a record is made.
fn limit_log_crate(host: &FfiHost) {
    tracing_log::log::set_max_level(level::filter(host.max_log_level()).as_log());
}
