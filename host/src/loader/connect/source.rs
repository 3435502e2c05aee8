//! Where the fields of a plugin's configuration come from.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Where a field of a plugin's configuration is to be corrected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ConfigPlace {
    /// It is given in this sidecar.
    Sidecar(String),
    /// It is given by the host.
    Host,
    /// It is not given; it would go into this sidecar.
    Nowhere(String),
}

/// Where the fields of a plugin's configuration come from.
#[derive(Debug)]
pub(in crate::loader) struct ConfigSource {
    /// The sidecar of the plugin, whether or not there is one.
    sidecar: String,
    in_sidecar: Vec<String>,
    of_host: Vec<String>,
}

impl ConfigSource {
    /// The fields that the sidecar of this name has, and those of the host.
    pub(in crate::loader) fn of(
        sidecar: String,
        in_sidecar: &Map<String, Value>,
        of_host: &Map<String, Value>,
    ) -> Self {
        Self {
            sidecar,
            in_sidecar: in_sidecar.keys().cloned().collect(),
            of_host: of_host.keys().cloned().collect(),
        }
    }

    /// Where to correct what `said` is about, where it begins with the path of a field, such as
    /// `config.limits.memory: …`.
    pub(super) fn place_of(&self, said: &str) -> Option<ConfigPlace> {
        let behind = said.strip_prefix("config")?;
        let field = behind.strip_prefix('.');
        if field.is_none() && !behind.starts_with(':') {
            return None;
        }
        let is_it = |name: &String| {
            let behind = field.and_then(|field| field.strip_prefix(name.as_str()));
            behind.is_some_and(|behind| behind.starts_with(['.', '[', ':']))
        };
        // The sidecar's wins where both have it.
        Some(if self.in_sidecar.iter().any(is_it) {
            ConfigPlace::Sidecar(self.sidecar.clone())
        } else if self.of_host.iter().any(is_it) {
            ConfigPlace::Host
        } else {
            ConfigPlace::Nowhere(self.sidecar.clone())
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_plugin_refuses_is_found_where_it_was_given() {
        let map = |value: Value| value.as_object().cloned().unwrap();
        let source = ConfigSource::of(
            "a.toml".to_owned(),
            &map(json!({ "both": 1, "a.b": 1 })),
            &map(json!({ "both": 2, "limit": 2 })),
        );
        let sidecar = || Some(ConfigPlace::Sidecar("a.toml".to_owned()));
        let nowhere = || Some(ConfigPlace::Nowhere("a.toml".to_owned()));
        for (said, place) in [
            ("config.both: expected text, found 1", sidecar()),
            ("config.both.deep: expected text, found 1", sidecar()),
            ("config.a.b: expected text, found 1", sidecar()),
            (
                "config.limit[1]: expected text, found 1",
                Some(ConfigPlace::Host),
            ),
            ("config.limits: missing, and it has no default", nowhere()),
            ("config: expected a table, found an array", nowhere()),
            ("configure me", None),
            ("no licence", None),
        ] {
            assert_eq!(source.place_of(said), place, "{said}");
        }
    }
}
