//! Whether a plugin's runners can go into the router, and with which labels.

mod error;

use solti_model::Labels;
use solti_plugin_abi::stamp::{Stamp, StampedRunner};

pub use error::RegisterError;

/// Refuses a second plugin of a name. It is asked before the plugin is opened, so that nothing of
/// it runs.
///
/// `first` is the file that has the name already.
pub(super) fn check_name(name: &str, first: Option<&str>) -> Result<(), RegisterError> {
    match first {
        None => Ok(()),
        Some(first) => Err(RegisterError::DuplicateName {
            name: name.to_owned(),
            first: first.to_owned(),
        }),
    }
}

/// The labels of a plugin's runners. Each of `overrides` wins over the labels before it, and the first
/// over the stamp's.
pub(super) fn labels(stamp: &Stamp, overrides: &[Labels; 2]) -> Vec<Labels> {
    let of_runner = |stamped: &StampedRunner| {
        let mut labels = stamped.labels.clone();
        for (key, value) in overrides.iter().flat_map(|labels| labels.iter()) {
            labels.insert(key, value);
        }
        labels
    };
    stamp.runners.iter().map(of_runner).collect()
}
