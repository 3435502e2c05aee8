//! What a person should know though it refuses no file.

use std::fmt;

use serde::Serialize;

/// Something that a person should know, and that refuses no file.
///
/// It prints as its text, and serialises to `{"code": …, "file": …, "plugin": …, "text": …}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Warning {
    /// A short name that never changes, in snake case.
    pub code: &'static str,
    /// The plugin file that it is about.
    pub file: Option<String>,
    /// The plugin that it is about, by the name that it has here.
    pub plugin: Option<String>,
    /// What it says, on one line.
    pub text: String,
}

impl Warning {
    /// A warning about neither a file nor a plugin.
    #[must_use]
    pub fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self {
            code,
            file: None,
            plugin: None,
            text: text.into(),
        }
    }

    /// The same about the plugin of this name.
    #[must_use]
    pub fn about_plugin(mut self, plugin: impl Into<String>) -> Self {
        self.plugin = Some(plugin.into());
        self
    }

    /// The same about this file.
    #[must_use]
    pub fn about_file(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
