//! Where the plugin lies while it is tried: copies that nobody else changes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// What the name of such a directory begins with.
const PREFIX: &str = "solti-conform-";

/// Whether a directory is one that a suite has made.
pub(super) fn is_place(directory: &Path) -> bool {
    let name = directory.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with(PREFIX))
}

/// A directory with the plugin, and room for each rule.
pub(super) struct Place {
    directory: TempDir,
}

impl Place {
    /// Copies the plugin and its sidecar, once as they are and once under another name.
    pub(super) fn of(file: &Path, bytes: &[u8], sidecar: &str, name: &str) -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix(PREFIX).tempdir()?;
        let place = Self { directory };
        let copied = file.file_name().unwrap_or_default();
        // The system's suffix, without which no host takes a file for a plugin.
        let copied = Path::new(copied).with_extension(std::env::consts::DLL_EXTENSION);
        let again = format!("name = \"{}\"\n{}", second(name), without_name(sidecar));
        for (plugins, sidecar) in [(place.plugins(), sidecar), (place.again(), &again)] {
            fs::create_dir(&plugins)?;
            let copy = plugins.join(&copied);
            fs::write(&copy, bytes)?;
            if !sidecar.is_empty() {
                fs::write(copy.with_extension("toml"), sidecar)?;
            }
        }
        fs::create_dir(place.tasks())?;
        Ok(place)
    }

    pub(super) fn plugins(&self) -> PathBuf {
        self.directory.path().join("plugins")
    }

    pub(super) fn again(&self) -> PathBuf {
        self.directory.path().join("again")
    }

    /// Where what the suite's own tasks need is put.
    pub(super) fn tasks(&self) -> PathBuf {
        self.directory.path().join("tasks")
    }

    /// Makes a directory for the process of one rule.
    pub(super) fn own(&self, rule: &str) -> io::Result<PathBuf> {
        let own = self.directory.path().join(rule);
        fs::create_dir(&own)?;
        Ok(own)
    }
}

/// What a plugin of this name is called when it is loaded beside itself.
pub(super) fn second(name: &str) -> String {
    format!("{name}-again")
}

/// The sidecar beside a plugin file; empty where there is none.
pub(super) fn sidecar_of(file: &Path) -> io::Result<String> {
    match fs::read_to_string(file.with_extension("toml")) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read,
    }
}

/// The name that a sidecar gives its plugin.
pub(super) fn name_in(sidecar: &str) -> Option<String> {
    let mut lines = sidecar.lines().take_while(|line| !begins_table(line));
    let value = lines
        .find_map(|line| is_name(line).then(|| line.split_once('='))?)?
        .1;
    let quotes = |c| matches!(c, '"' | '\'');
    let value = value.trim().strip_prefix(quotes)?;
    Some(value.split(quotes).next()?.to_owned())
}

/// A sidecar without the name that it gives: a key at the top stands before the first table.
fn without_name(sidecar: &str) -> String {
    let mut in_table = false;
    let lines = sidecar.lines().filter(|line| {
        in_table |= begins_table(line);
        in_table || !is_name(line)
    });
    lines.map(|line| format!("{line}\n")).collect()
}

fn begins_table(line: &str) -> bool {
    line.trim_start().starts_with('[')
}

fn is_name(line: &str) -> bool {
    let key = line.split('=').next().unwrap_or_default().trim();
    matches!(key, "name" | "\"name\"" | "'name'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sidecar_loses_the_name_of_the_plugin_and_no_other() {
        let sidecar = "enabled = true\nname = \"x\"\n[config]\nname = \"kept\"\n";
        assert_eq!(
            without_name(sidecar),
            "enabled = true\n[config]\nname = \"kept\"\n"
        );
        assert_eq!(name_in(sidecar).as_deref(), Some("x"));
        assert_eq!(name_in("[config]\nname = \"kept\"\n"), None);
        assert_eq!(name_in(" 'name' = 'y' # of ours\n").as_deref(), Some("y"));
    }
}
