//! The root module: what the loader finds behind the library's one symbol.

use abi_stable::StableAbi;
use abi_stable::library::RootModule;
use abi_stable::package_version_strings;
use abi_stable::sabi_types::VersionStrings;
use abi_stable::std_types::{RResult, RSlice, RStr};
use serde::{Deserialize, Serialize};

use super::error::FfiError;
use super::host::FfiHost;
use super::plugin::FfiPlugin;

/// The number of this ABI, as the stamp has it.
pub const ABI_VERSION: u32 = 1;

/// What the host tells a plugin when it connects.
#[repr(C)]
#[derive(StableAbi, Debug, Clone, Copy)]
pub struct FfiConnect<'a> {
    /// The plugin's configuration as a JSON object, `{}` when the operator gave none.
    pub config: RStr<'a>,
    /// The host's name, such as `solti-plugin-host`.
    pub host_name: RStr<'a>,
    /// The host's version.
    pub host_version: RStr<'a>,
    /// What the host can do beyond version 1, by name; unknown ones are ignored.
    pub features: RSlice<'a, RStr<'a>>,
    /// What the operator calls this copy of the plugin; the plugin's own name unless the sidecar says
    /// otherwise.
    pub instance: RStr<'a>,
    /// A directory that only this instance uses and that outlives the host; empty where the host has
    /// none.
    pub state_dir: RStr<'a>,
    /// How long the host waits for a cancelled attempt, in milliseconds; 0 where it does not say.
    pub grace_ms: u64,
    /// Worker threads for the plugin's runtime; 0 leaves the number to the plugin.
    pub worker_threads: u32,
    /// What else the host says, a JSON object; `{}` when it says nothing. A plugin ignores what it does
    /// not know.
    pub details: RStr<'a>,
}

/// What [`FfiConnect::details`] says, as far as this side knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectDetails {
    /// The limit on open files that what the plugin starts should have; left out where it is that of the
    /// host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_files: Option<u64>,
}

impl ConnectDetails {
    /// Reads them; what is no such object says nothing.
    #[must_use]
    pub fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// Writes them.
    #[must_use]
    pub fn write(&self) -> String {
        serde_json::to_string(self).expect("it is an object of numbers")
    }
}

/// Connects a plugin: gives it its host and its configuration, returns its runners.
pub type ConnectFn = extern "C" fn(FfiHost, FfiConnect<'_>) -> RResult<FfiPlugin, FfiError>;

/// The root module.
///
/// abi_stable's own comparison of layouts is not used: it costs time for every type and every load,
/// and refuses a plugin that was built with another version of this crate. The one number in
/// `layouts` stands for all types; it comes first, and the host reads nothing else before it agrees.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = PluginModule)))]
pub struct PluginModuleFields {
    /// The digest of the layouts this plugin was built with: [`LAYOUTS_DIGEST`].
    pub layouts: u64,
    /// The way in.
    #[sabi(unsafe_opaque_field)]
    #[sabi(last_prefix_field)]
    pub connect: ConnectFn,
}

impl RootModule for PluginModule {
    abi_stable::declare_root_module_statics! {PluginModule}
    const BASE_NAME: &'static str = "solti_plugin";
    const NAME: &'static str = "solti_plugin";
    const VERSION_STRINGS: VersionStrings = VERSION;
}

/// The version of the root module as abi_stable compares it: the ABI's, not this crate's.
const VERSION: VersionStrings = {
    let mut version = package_version_strings!();
    version.version = abi_stable::std_types::RStr::from_str("1.0.0");
    version
};

/// The layouts of all version-1 types, as the snapshot test writes them.
#[doc(hidden)]
pub const LAYOUTS: &str = include_str!("../../tests/abi/v1.txt");

/// The FNV-1a digest of [`LAYOUTS`]. The snapshot test ties the text to the types; this ties a
/// plugin to a host.
pub const LAYOUTS_DIGEST: u64 = fnv1a(LAYOUTS.as_bytes());

/// FNV-1a, 64 bits: <http://www.isthe.com/chongo/tech/comp/fnv/>. Carriage returns are left out, so
/// that a checkout with other line ends has the same digest, and so are lines that begin with `#`: what
/// they say may change.
const fn fnv1a(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut in_comment = false;
    let mut at = 0;
    while at < bytes.len() {
        if at == 0 || bytes[at - 1] == b'\n' {
            in_comment = bytes[at] == b'#';
        }
        if !in_comment && bytes[at] != b'\r' {
            hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        }
        at += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_that_nobody_knows_say_nothing_and_are_no_error() {
        let details = ConnectDetails {
            open_files: Some(1024),
        };
        assert_eq!(details.write(), r#"{"open_files":1024}"#);
        assert_eq!(ConnectDetails::read(&details.write()), details);
        assert_eq!(ConnectDetails::default().write(), "{}");
        for text in [
            "{}",
            r#"{"later":[1]}"#,
            r#"{"open_files":"many"}"#,
            "",
            "7",
        ] {
            assert_eq!(ConnectDetails::read(text), ConnectDetails::default());
        }
    }

    #[test]
    fn the_digest_is_the_published_one_and_line_ends_do_not_change_it() {
        // Test vectors of the algorithm's authors.
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
        assert_eq!(fnv1a(b"one\r\ntwo\r\n"), fnv1a(b"one\ntwo\n"));
        assert_eq!(fnv1a(b"# said\none\n#\ntwo#\n"), fnv1a(b"one\ntwo#\n"));
    }
}
