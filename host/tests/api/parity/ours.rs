//! The contract's user, against this crate.

use solti_plugin_host as layer;

#[path = "contract.rs"]
mod contract;

pub(crate) use contract::{observe, observe_without_ids};
