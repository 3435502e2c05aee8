//! The runners of a file.

use std::fmt;

use serde::{Serialize, Serializer};
use solti_model::Labels;
use solti_plugin_abi::Kinds;
use solti_plugin_abi::stamp::Stamp;

/// A runner that a plugin offers.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct OfferedRunner {
    /// The runner's name.
    pub name: String,
    /// The kinds it takes; a list of names in JSON.
    #[serde(serialize_with = "kind_names")]
    pub kinds: Kinds,
    /// The labels it is registered with.
    pub labels: Labels,
    /// Whether it takes every task of these kinds, without looking at it.
    #[serde(skip)]
    pub by_kind: bool,
}

impl OfferedRunner {
    /// The runners of a stamp, which are registered with these `labels`.
    pub(in crate::loader) fn all(stamp: &Stamp, labels: Vec<Labels>) -> Vec<Self> {
        let runners = stamp.runners.iter().zip(labels);
        runners
            .map(|(stamped, labels)| Self {
                name: stamped.name.clone(),
                kinds: stamped.kinds.clone(),
                labels,
                by_kind: stamped.by_kind,
            })
            .collect()
    }
}

fn kind_names<S: Serializer>(kinds: &Kinds, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(kinds.names())
}

/// What a plugin is: `hello 1.0.0: greet (subprocess, zone=eu)`.
pub(super) fn summary(plugin: &str, version: &str, runners: &[OfferedRunner]) -> String {
    let runners: Vec<_> = runners.iter().map(ToString::to_string).collect();
    format!("{plugin} {version}: {}", runners.join("; "))
}

impl fmt::Display for OfferedRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.name, self.kinds)?;
        for (key, value) in &self.labels {
            write!(f, ", {key}={value}")?;
        }
        f.write_str(")")
    }
}
