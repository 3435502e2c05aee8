//! A file, what is known of it, and what keeps it from being loaded.

use std::path::Path;
use std::slice;

use solti_plugin_host::PluginLoader;
use solti_plugin_host::inspect::Examination;
use solti_plugin_host::refusal::sentences;

use crate::flags::flag;
use crate::present::phrase;

/// A file, what is known of it, and what keeps it from being loaded.
pub(super) struct ExaminedFile {
    /// Its path, fit to print.
    pub(super) path: String,
    /// `None` when its content could not be read.
    pub(super) examination: Option<Examination>,
    /// Everything that keeps it from being loaded, each on one line.
    pub(super) problems: Vec<String>,
}

impl ExaminedFile {
    /// Examines the file at `path`, held to the rules of `loader`.
    pub(super) fn examine(loader: &PluginLoader, path: &Path) -> Self {
        if path.is_dir() {
            let path = phrase::path(path);
            let named = path.trim_end_matches('/');
            let problem = format!("a directory, and inspect looks at files: name {named}/*.so");
            return Self {
                path,
                problems: vec![problem],
                examination: None,
            };
        }
        let examined = loader.inspect(path);
        let refusals = match &examined {
            Ok(examination) => &examination.refusals,
            Err(err) => slice::from_ref(err),
        };
        let refusals = refusals.iter();
        Self {
            path: phrase::path(path),
            problems: refusals
                .flat_map(|err| sentences(err.refusal(), flag))
                .collect(),
            examination: examined.ok(),
        }
    }
}
