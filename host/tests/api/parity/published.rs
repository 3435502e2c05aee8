//! The contract's user, against the published crate.

use solti_runner as layer;

#[path = "contract.rs"]
mod contract;

pub(crate) use contract::observe;
