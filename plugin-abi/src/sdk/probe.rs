//! Whether a plugin is only tried out.

/// The variable of the environment by which a host tells the process of a probe what it is.
#[doc(hidden)]
pub const PROBE_VARIABLE: &str = "SOLTI_PLUGIN_PROBE";

/// Whether this process only tries the plugin out: it constructs the runners, drops them and ends.
///
/// For a constructor that starts something beyond its own process, which would come to nothing there.
/// What it checks of its configuration it checks here, too: that is what the probe is for.
#[must_use]
pub fn in_probe() -> bool {
    std::env::var_os(PROBE_VARIABLE).is_some()
}
