//! What a file is to become.

use serde_json::{Map, Value};
use solti_model::Labels;
use solti_plugin_abi::stamp::Stamp;

use crate::loader::connect::ConfigSource;
use crate::loader::digest::Digest;
use crate::loader::inspect::Requirements;
use crate::loader::report::Called;
use crate::loader::vouch::Signature;

/// What makes a plugin another one: how it is called, its bytes, and what it is constructed with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Identity {
    /// What the plugin is called here: by its sidecar, or else by its stamp.
    pub(crate) name: String,
    pub(crate) digest: Digest,
    pub(crate) config: Map<String, Value>,
    /// 0 leaves the number to the plugin.
    pub(crate) worker_threads: u32,
}

/// Says which plugins run already, and need not be probed or opened.
pub(crate) type IsInService<'a> = &'a (dyn Fn(&Identity) -> bool + Sync);

/// A file that nothing speaks against so far, and what its plugin is given.
pub(crate) struct Wanted {
    pub(crate) identity: Identity,
    /// Where its configuration comes from.
    pub(in crate::loader) config_source: ConfigSource,
    /// Those of the host and those of the sidecar.
    pub(in crate::loader) labels: [Labels; 2],
    pub(in crate::loader) stamp: Stamp,
    pub(in crate::loader) requirements: Requirements,
    /// `None` where the host has no key to check one with.
    pub(in crate::loader) signature: Option<Signature>,
}

impl Wanted {
    /// What the plugin is called.
    pub(super) fn called(&self) -> Called {
        Called {
            built: self.stamp.plugin.clone(),
            here: self.identity.name.clone(),
        }
    }
}
