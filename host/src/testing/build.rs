//! Builds the package that is tested, as its users do: a test's own build has its test's features.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use parking_lot::Mutex;
use serde::Deserialize;

use super::error::NotLoaded;

/// What is read of the lines that cargo prints for each thing it has built.
#[derive(Deserialize)]
struct Built {
    reason: String,
    manifest_path: Option<PathBuf>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

/// The library of the package whose test this is; built once for each process.
pub(super) fn library() -> Result<PathBuf, NotLoaded> {
    static BUILT: Mutex<Option<PathBuf>> = Mutex::new(None);
    let mut built = BUILT.lock();
    if let Some(library) = &*built {
        return Ok(library.clone());
    }
    let package = env::var_os("CARGO_MANIFEST_DIR").ok_or(NotLoaded::NoPackage)?;
    let library = build(Path::new(&package))?;
    *built = Some(library.clone());
    Ok(library)
}

fn build(package: &Path) -> Result<PathBuf, NotLoaded> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(package)
        .args([
            "build",
            "--lib",
            "--message-format",
            "json-render-diagnostics",
        ])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    // What the outer cargo has set for this test would have the build differ from a user's.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    let output = cargo.output().map_err(NotLoaded::NoCargo)?;
    if !output.status.success() {
        return Err(NotLoaded::NotBuilt(output.status));
    }
    let manifest = package.join("Cargo.toml");
    library_in(&output.stdout, &manifest).ok_or(NotLoaded::NoLibrary(manifest))
}

/// The shared library that cargo says it has built of this manifest.
pub(super) fn library_in(messages: &[u8], manifest: &Path) -> Option<PathBuf> {
    let lines = messages.split(|byte| *byte == b'\n');
    let built = lines.filter_map(|line| serde_json::from_slice::<Built>(line).ok());
    let own = built.filter(|it| {
        it.reason == "compiler-artifact" && it.manifest_path.as_deref() == Some(manifest)
    });
    let is_library = |file: &PathBuf| {
        file.extension()
            .is_some_and(|it| it == env::consts::DLL_EXTENSION)
    };
    own.flat_map(|it| it.filenames).find(is_library)
}
