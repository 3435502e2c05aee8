//! `foo.toml` beside `foo.so`: what an operator decides about a plugin.

use serde::Deserialize;
use serde_json::{Map, Value};
use solti_model::Labels;

use super::discover::{Candidate, shown};
use super::error::{DiscoverError, LoadError};
use super::policy::{Policy, Sums};

/// A sidecar, or the defaults where there is none.
#[derive(Debug)]
pub(super) struct Sidecar {
    /// Its file name.
    pub(super) file: String,
    pub(super) enabled: bool,
    /// What the operator calls the plugin, where its own name will not do.
    pub(super) name: Option<String>,
    pub(super) labels: Labels,
    pub(super) config: Map<String, Value>,
}

/// The file's form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    #[serde(default = "yes")]
    enabled: bool,
    name: Option<String>,
    #[serde(default)]
    labels: Labels,
    #[serde(default)]
    config: Map<String, Value>,
}

fn yes() -> bool {
    true
}

impl Sidecar {
    /// Reads the sidecar of a candidate.
    pub(super) fn beside(
        candidate: &Candidate,
        policy: &Policy,
        sums: &Sums,
    ) -> Result<Self, LoadError> {
        let path = candidate.path.with_extension("toml");
        let name = path.file_name().unwrap_or_default();
        let file = shown(name);
        let unusable = |reason: String| DiscoverError::SidecarUnusable {
            file: file.clone(),
            reason,
        };
        let text = policy
            .read_beside(&path)
            .map_err(|err| unusable(err.to_string()))?;
        sums.check_sidecar(name, text.as_deref())?;
        let text = text.unwrap_or_default();
        let text = String::from_utf8(text).map_err(|_| unusable("it is not text".to_owned()))?;
        let form: Form = toml::from_str(&text).map_err(|err| DiscoverError::SidecarInvalid {
            line: err
                .span()
                .map_or(1, |span| 1 + text[..span.start].matches('\n').count()),
            reason: err.message().to_owned(),
            file: file.clone(),
        })?;
        if let Some(name) = &form.name
            && (name.is_empty() || name.chars().any(char::is_control))
        {
            return Err(unusable(format!(
                "its name is {name:?}, expected a text without control characters"
            ))
            .into());
        }
        Ok(Self {
            file,
            enabled: form.enabled,
            name: form.name,
            labels: form.labels,
            config: form.config,
        })
    }
}
