//! `foo.toml` beside `foo.so`: what an operator decides about a plugin.

mod fault;
mod form;
mod syntax;

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use solti_model::Labels;
use solti_plugin_abi::stamp::{MAX_NAME_BYTES, MAX_VALUE_BYTES};
use solti_plugin_abi::text::{escape, escape_bytes, is_plain, shorten};

use super::error::DiscoverError;
use crate::loader::admit;
use crate::loader::options::Trust;
use crate::loader::refusal::{Advice, Refusal as _};
use fault::Place;

/// A sidecar, or the defaults where there is none.
#[derive(Debug)]
pub(in crate::loader) struct Sidecar {
    /// Its file name.
    pub(in crate::loader) file: String,
    pub(in crate::loader) enabled: bool,
    /// What the operator calls the plugin, where its own name will not do.
    pub(in crate::loader) name: Option<String>,
    pub(in crate::loader) labels: Labels,
    pub(in crate::loader) config: Map<String, Value>,
}

/// Where the sidecar of a plugin file is.
pub(in crate::loader) fn sidecar_file(plugin: &Path) -> PathBuf {
    plugin.with_extension("toml")
}

impl Sidecar {
    /// Reads the text of the sidecar at `path`; `None` when there is none.
    pub(in crate::loader) fn read(
        path: &Path,
        trust: &Trust,
    ) -> Result<Option<Vec<u8>>, DiscoverError> {
        admit::read_text(path, trust).map_err(|err| DiscoverError::SidecarUnusable {
            file: name_of(path),
            fact: err.to_string(),
            advice: err.advice(),
        })
    }

    /// What the sidecar at `path` says, of which `text` was read.
    pub(in crate::loader) fn parse(
        path: &Path,
        text: Option<Vec<u8>>,
    ) -> Result<Self, DiscoverError> {
        let file = name_of(path);
        let unusable = |fact: String| DiscoverError::SidecarUnusable {
            file: file.clone(),
            fact,
            advice: Advice::new("correct the sidecar"),
        };
        let text = text.unwrap_or_default();
        let form = syntax::text_of(&text)
            .and_then(form::parse)
            .map_err(|fault| {
                let Place { line, column, text } = Place::of(fault.at, &text);
                DiscoverError::SidecarInvalid {
                    file: file.clone(),
                    line,
                    column,
                    text,
                    reason: fault.reason,
                }
            })?;
        if form.name.as_deref() == Some("") {
            return Err(unusable(
                "its name is empty, expected a text, or none for the name of the package"
                    .to_owned(),
            ));
        }
        if let Some(name) = &form.name
            && escape(name) != *name
        {
            return Err(unusable(format!(
                "its name is {:?}, expected a text without control characters",
                shorten(name, 80)
            )));
        }
        if let Some(name) = &form.name
            && name.len() > MAX_NAME_BYTES
        {
            return Err(unusable(format!(
                "its name has {} bytes, expected {MAX_NAME_BYTES} at most",
                name.len()
            )));
        }
        for (key, value) in form.labels.iter() {
            if key.is_empty() {
                return Err(unusable(
                    "a label has an empty key, expected a text".to_owned(),
                ));
            }
            if !is_plain(key) || !is_plain(value) {
                return Err(unusable(format!(
                    "its label {:?} is {:?}, expected a key and a value without control or invisible \
                     characters",
                    shorten(key, 80),
                    shorten(value, 80)
                )));
            }
            if key.len() > MAX_NAME_BYTES || value.len() > MAX_VALUE_BYTES {
                return Err(unusable(format!(
                    "a label has a key of {} and a value of {} bytes, expected {MAX_NAME_BYTES} and \
                     {MAX_VALUE_BYTES} at most",
                    key.len(),
                    value.len()
                )));
            }
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

fn name_of(path: &Path) -> String {
    escape_bytes(path.file_name().unwrap_or_default().as_bytes()).into_owned()
}
