//! The program as it is shipped, and its plugins.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use benches::program::shell;
use e2e::{PLUGIN_SUFFIX, Profile};
use tempfile::TempDir;

/// The program, and a directory with the subprocess plugin alone and one with all of them.
pub(super) struct Program {
    file: PathBuf,
    pub(super) alone: TempDir,
    pub(super) all: TempDir,
}

impl Program {
    pub(super) fn build() -> Self {
        let packages = ["container", "hello", "solti-host", "subprocess", "wasm"];
        let built = e2e::build(&packages, Profile::Dist, &e2e::target_dir(), |_| {});
        let directory_of = |packages: &[&str]| {
            let directory = tempfile::tempdir().expect("there is room for temporary files");
            for package in packages {
                let file = directory.path().join(format!("{package}.{PLUGIN_SUFFIX}"));
                fs::copy(&built.plugins[*package], file).expect("there is room for it");
            }
            directory
        };
        Self {
            file: built.programs["solti-host"].clone(),
            alone: directory_of(&["subprocess"]),
            all: directory_of(&["container", "hello", "subprocess", "wasm"]),
        }
    }

    /// A script of the shell's, in which `HOST` is the program and `PLUGINS` the directory.
    pub(super) fn script(&self, directory: &TempDir, script: &str) -> Command {
        let directory = directory.path().display().to_string();
        let script = script.replace("PLUGINS", &directory);
        shell(&script.replace("HOST", &self.file.display().to_string()))
    }
}
