//! Names in the host's options that are no plugin's: they may be mistyped.

use std::collections::BTreeSet;

use crate::loader::options::Options;
use crate::loader::refusal::{LoaderOption, OptionNames};
use crate::loader::skip::SkipReason;

/// A name in the host's options that no plugin has.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnusedOption {
    /// The name.
    pub name: String,
    /// The option.
    pub option: LoaderOption,
    /// The names that it could have been.
    pub found: Vec<String>,
    /// Files that were refused: what a plugin in one is called may not be known.
    pub refused: usize,
}

impl UnusedOption {
    /// What is wrong, on one line.
    #[must_use]
    pub fn sentence(&self, names: OptionNames) -> String {
        let option = names(&self.option).unwrap_or_else(|| self.option.to_string());
        let found = match &self.found[..] {
            [] => "none was found".to_owned(),
            found => format!("found: {}", found.join(", ")),
        };
        let refused = match self.refused {
            0 => String::new(),
            1 => "; one file was refused".to_owned(),
            files => format!("; {files} files were refused"),
        };
        let name = &self.name;
        format!("{option} names a plugin '{name}', and none is called so ({found}{refused})")
    }
}

/// What a plugin is called.
#[derive(Debug, Clone)]
pub(crate) struct Called {
    /// As it was built.
    pub(in crate::loader) built: String,
    /// Here, by its sidecar perhaps.
    pub(in crate::loader) here: String,
}

/// What the plugins of a directory are called.
#[derive(Debug, Default)]
pub(in crate::loader) struct Names {
    built: BTreeSet<String>,
    here: BTreeSet<String>,
}

impl Names {
    pub(in crate::loader) fn add(&mut self, called: Called) {
        self.built.insert(called.built);
        self.here.insert(called.here);
    }

    /// A plugin that the host's allow-list leaves out has its name all the same.
    pub(in crate::loader) fn add_skipped(&mut self, reason: &SkipReason) {
        if let SkipReason::NotAllowed { plugin } = reason {
            self.built.insert(plugin.clone());
            self.here.insert(plugin.clone());
        }
    }

    /// The names in `options` that are not among these, while `refused` files were.
    pub(in crate::loader) fn missing(
        &self,
        options: &Options,
        refused: usize,
    ) -> Vec<UnusedOption> {
        let allowed = options.allowed.iter().flatten().map(|name| {
            let option = LoaderOption::Allow;
            (name, option, &self.built)
        });
        let configured = options.by_plugin.keys().map(|name| {
            let option = LoaderOption::Config;
            (name, option, &self.here)
        });
        let mut missing: Vec<_> = allowed
            .chain(configured)
            .filter(|(name, _, known)| !known.contains(*name))
            .map(|(name, option, known)| UnusedOption {
                name: name.clone(),
                option,
                found: known.iter().cloned().collect(),
                refused,
            })
            .collect();
        missing.sort_by(|one, other| one.name.cmp(&other.name));
        missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loader::refusal::method;

    #[test]
    fn a_name_that_no_plugin_has_is_told_with_those_that_there_are() {
        let unused = |found: &[&str], refused| UnusedOption {
            name: "helo".to_owned(),
            option: LoaderOption::Allow,
            found: found.iter().map(|name| (*name).to_owned()).collect(),
            refused,
        };
        for (unused, text) in [
            (unused(&[], 0), "(none was found)"),
            (
                unused(&["hello", "wasm"], 1),
                "(found: hello, wasm; one file was refused)",
            ),
            (unused(&[], 2), "(none was found; 2 files were refused)"),
        ] {
            let said = "PluginLoader::allow names a plugin 'helo', and none is called so ";
            assert_eq!(unused.sentence(method), said.to_owned() + text);
        }
    }
}
