//! `foo.toml` beside `foo.so`: what an operator decides about a plugin.

use std::fs;
use std::io::ErrorKind;

use serde::Deserialize;
use serde_json::{Map, Value};
use solti_model::Labels;

use super::discover::{Candidate, shown};
use super::error::DiscoverError;

/// A sidecar, or the defaults where there is none.
#[derive(Debug)]
pub(super) struct Sidecar {
    /// Its file name.
    pub(super) file: String,
    pub(super) enabled: bool,
    pub(super) labels: Labels,
    pub(super) config: Map<String, Value>,
}

/// The file's form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    #[serde(default = "yes")]
    enabled: bool,
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
    pub(super) fn beside(candidate: &Candidate) -> Result<Self, DiscoverError> {
        let path = candidate.path.with_extension("toml");
        let file = shown(path.file_name().unwrap_or_default());
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(err) if err.kind() == ErrorKind::NotFound => String::new(),
            Err(source) => return Err(DiscoverError::SidecarUnreadable { file, source }),
        };
        let form: Form = toml::from_str(&text).map_err(|err| DiscoverError::SidecarInvalid {
            line: err
                .span()
                .map_or(1, |span| 1 + text[..span.start].matches('\n').count()),
            reason: err.message().to_owned(),
            file: file.clone(),
        })?;
        Ok(Self {
            file,
            enabled: form.enabled,
            labels: form.labels,
            config: form.config,
        })
    }
}
