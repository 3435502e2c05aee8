//! Whether a plugin is only being probed.

/// The environment variable by which a host tells the process of a probe that it is one.
#[doc(hidden)]
pub const PROBE_VARIABLE: &str = "SOLTI_PLUGIN_PROBE";

/// Whether this process only probes the plugin: constructs its runners, drops them and exits.
///
/// A constructor that starts something outside of its own process, or removes what an earlier one
/// has left there, leaves that out in a probe. It still checks its configuration: that is what the
/// probe is for.
#[must_use]
pub fn in_probe() -> bool {
    std::env::var_os(PROBE_VARIABLE).is_some()
}
