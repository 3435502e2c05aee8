//! What a host lends its plugins, as objects that can cross.
//!
//! Everything here is called from a plugin's threads, through functions that would end the process
//! if a panic reached them. So each call goes through `contain`: a metrics backend of the host
//! application that panics costs one record, not the process.

pub(crate) mod instruments;
pub(crate) mod log;
pub(crate) mod log_thread;
pub(crate) mod metrics;
pub(crate) mod output;
pub(crate) mod plugin_host;

mod catch;
mod contain;

pub(crate) use catch::is_contained;
