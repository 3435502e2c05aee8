//! Release builds of the plugins, and copies of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use e2e::{PLUGIN_SUFFIX, Profile};
use tempfile::TempDir;

const PACKAGES: &[&str] = &["hello", "pusher", "subprocess"];

/// The file of a plugin: a release build without debug information, as one is shipped.
///
/// # Panics
///
/// When there is no such plugin.
pub fn plugin(package: &str) -> &'static Path {
    static BUILT: OnceLock<e2e::Built> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        // A folder of its own: stripped and unstripped builds in one would each undo the other.
        let target = e2e::target_dir().join("benches");
        e2e::build(PACKAGES, Profile::Release, &target, |cargo| {
            cargo.env("CARGO_PROFILE_RELEASE_STRIP", "symbols");
        })
    });
    &built.plugins[package]
}

/// A directory with one plugin.
#[must_use]
pub fn directory_with(package: &str) -> TempDir {
    directory_with_all(&[package])
}

/// A directory with some plugins.
///
/// # Panics
///
/// When it cannot be written.
#[must_use]
pub fn directory_with_all(packages: &[&str]) -> TempDir {
    let directory = tempfile::tempdir().expect("there is room for temporary files");
    for package in packages {
        let file = file_in(directory.path(), package);
        fs::copy(plugin(package), file).expect("there is room for it");
    }
    directory
}

/// A directory with `count` copies of the fixture `pusher` that differ in their names.
///
/// # Panics
///
/// When it cannot be written.
#[must_use]
pub fn directory_of(count: usize) -> TempDir {
    let directory = tempfile::tempdir().expect("there is room for temporary files");
    let original = fs::read(plugin("pusher")).expect("it was built just now");
    let places: Vec<usize> = original
        .windows(b"pusher".len())
        .enumerate()
        .filter(|(_, window)| window == b"pusher")
        .map(|(at, _)| at)
        .collect();
    for number in 0..count {
        let name = format!("p{number:05}");
        let mut copy = original.clone();
        for &at in &places {
            copy[at..at + name.len()].copy_from_slice(name.as_bytes());
        }
        fs::write(file_in(directory.path(), &name), copy).expect("there is room for copies");
    }
    directory
}

fn file_in(directory: &Path, stem: &str) -> PathBuf {
    directory.join(format!("{stem}.{PLUGIN_SUFFIX}"))
}
