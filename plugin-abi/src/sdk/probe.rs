//! Whether a plugin is only being probed.

/// The environment variable by which a host tells the process of a probe that it is one.
#[doc(hidden)]
pub const PROBE_VARIABLE: &str = "SOLTI_PLUGIN_PROBE";

/// Whether this process only probes the plugin: constructs its runners, asks what they say of
/// themselves and which tasks they take, runs a task of the SDK's own, drains and drops them, and
/// exits. None of their tasks is built.
///
/// A constructor that starts something outside of its own process, or removes what an earlier one
/// has left there, leaves that out in a probe, and so do `drain` and `describe`. It still checks its
/// configuration: that is what the probe is for.
#[must_use]
pub fn in_probe() -> bool {
    std::env::var_os(PROBE_VARIABLE).is_some()
}
