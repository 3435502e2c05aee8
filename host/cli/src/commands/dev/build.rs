//! The build: cargo, which says what came of it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use super::interrupts::{Interrupt, Interrupts};
use super::process::{Cut, Ended, Process};
use crate::args::DevArgs;
use crate::present::phrase::path;

const MANIFEST: &str = "Cargo.toml";

/// The type of a crate that a host can load.
const SHARED: &str = "cdylib";

/// Why there is nothing to build, or nothing to build it with.
#[derive(Debug, Error)]
pub(super) enum BuildError {
    #[error(
        "{}: no crate is there: it has no Cargo.toml; name the directory of a plugin's crate, or make \
         one with `solti-host new NAME`",
        path(.0)
    )]
    NoCrate(PathBuf),
    #[error(
        "cargo is not found: '{}' is none of the programs in PATH; install Rust, or set CARGO to where \
         it is",
        path(.0)
    )]
    NoCargo(PathBuf),
    #[error("{} cannot be started", path(.0))]
    NotStarted(PathBuf, #[source] io::Error),
    #[error("{}: cargo cannot read it", path(.0))]
    Unreadable(PathBuf),
    #[error(
        "{}: a workspace and no crate: name the directory of the plugin's crate",
        path(.0)
    )]
    NoPackage(PathBuf),
    #[error(
        "{}: the crate makes no shared library: a plugin's has the lines `[lib]` and \
         `crate-type = [\"cdylib\"]`",
        path(.0)
    )]
    NotShared(PathBuf),
    #[error("the plugin cannot be copied to {}", path(.0))]
    NotCopied(PathBuf, #[source] io::Error),
}

impl BuildError {
    /// Whether no change of a source would end it.
    pub(super) fn stays(&self) -> bool {
        matches!(
            self,
            Self::NoCrate(_) | Self::NoCargo(_) | Self::NotStarted(..) | Self::NotCopied(..)
        )
    }
}

/// Checks that there is a crate.
///
/// # Errors
///
/// When there is none.
pub(super) fn is_crate(directory: &Path) -> Result<(), BuildError> {
    match directory.join(MANIFEST).is_file() {
        true => Ok(()),
        false => Err(BuildError::NoCrate(directory.to_owned())),
    }
}

/// What cargo says of a crate.
#[derive(Debug)]
pub(super) struct Crate {
    id: String,
    pub(super) name: String,
    pub(super) target_directory: PathBuf,
}

/// What came of a step that was not cut off.
pub(super) type Step<T> = Result<Result<T, Interrupt>, BuildError>;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    crate_types: Vec<String>,
}

/// Asks cargo what the crate is.
///
/// # Errors
///
/// When it makes no plugin.
pub(super) async fn examine(args: &DevArgs, interrupts: &mut Interrupts) -> Step<Crate> {
    let manifest = args.directory.join(MANIFEST);
    let mut command = Command::new(cargo());
    command.args(["metadata", "--no-deps", "--format-version", "1"]);
    command.current_dir(&args.directory);
    let mut text = String::new();
    let succeeded = match printed(command, interrupts, |line| text.push_str(line)).await? {
        Ok(succeeded) => succeeded,
        Err(interrupt) => return Ok(Err(interrupt)),
    };
    let metadata: Metadata = match serde_json::from_str(&text) {
        Ok(metadata) if succeeded => metadata,
        _ => return Err(BuildError::Unreadable(manifest)),
    };
    let own = manifest.canonicalize().ok();
    let package = metadata
        .packages
        .into_iter()
        .find(|package| package.manifest_path.canonicalize().ok() == own)
        .ok_or_else(|| BuildError::NoPackage(manifest.clone()))?;
    let is_shared = |target: &Target| target.crate_types.iter().any(|of| of == SHARED);
    if !package.targets.iter().any(is_shared) {
        return Err(BuildError::NotShared(manifest));
    }
    Ok(Ok(Crate {
        id: package.id,
        name: package.name,
        target_directory: metadata.target_directory,
    }))
}

/// Builds the crate; the file of its library, or none where the compiler has said why.
///
/// # Errors
///
/// When cargo cannot be started.
pub(super) async fn build(
    args: &DevArgs,
    it: &Crate,
    own: &Path,
    interrupts: &mut Interrupts,
) -> Step<Option<PathBuf>> {
    let mut command = of_crate(args, own, "build");
    command.args(["--lib", "--message-format=json-render-diagnostics"]);
    let mut library = None;
    let look = |line: &str| {
        if let Some(file) = library_in(line, &it.id) {
            library = Some(file);
        }
    };
    let built = printed(command, interrupts, look).await?;
    Ok(built.map(|succeeded| library.filter(|_| succeeded)))
}

/// Tests the crate, and says with which code cargo ended; what the tests print is for whoever watches.
///
/// # Errors
///
/// When cargo cannot be started.
pub(super) async fn test(args: &DevArgs, own: &Path, interrupts: &mut Interrupts) -> Step<i32> {
    let process = start(of_crate(args, own, "test"))?;
    let ended = process.end(interrupts).await;
    Ok(ended
        .map_err(|err| BuildError::NotStarted(cargo(), err))?
        .code())
}

/// Cargo with this word of its own, in the crate and with its profile.
fn of_crate(args: &DevArgs, own: &Path, word: &str) -> Command {
    let mut command = Command::new(cargo());
    command.arg(word);
    if args.release {
        command.arg("--release");
    }
    if let Some(profile) = &args.profile {
        command.arg("--profile").arg(profile);
    }
    command.current_dir(&args.directory);
    // What the compiler of a build that is cut off leaves there goes with the directory.
    command.env("TMPDIR", own);
    command
}

/// Starts cargo, which does over what was not finished.
fn start(command: Command) -> Result<Process, BuildError> {
    Process::start(command, Cut::AtOnce).map_err(|err| match err.kind() {
        io::ErrorKind::NotFound => BuildError::NoCargo(cargo()),
        _ => BuildError::NotStarted(cargo(), err),
    })
}

/// Cargo as whoever calls it has it.
fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from)
}

/// Hands on what cargo prints, line by line, and says whether it succeeded.
async fn printed(
    mut command: Command,
    interrupts: &mut Interrupts,
    mut take: impl FnMut(&str),
) -> Step<bool> {
    command.stdout(Stdio::piped());
    let mut process = start(command)?;
    let lines = process.stdout();
    let read = async {
        let Some(lines) = lines else { return };
        let mut lines = BufReader::new(lines).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            take(&line);
        }
    };
    // The pipe ends with the process and all that it has started.
    let (ended, ()) = tokio::join!(process.end(interrupts), read);
    match ended.map_err(|err| BuildError::NotStarted(cargo(), err))? {
        Ended::Itself(status) => Ok(Ok(status.success())),
        Ended::Interrupted(interrupt) => Ok(Err(interrupt)),
    }
}

/// The shared library of the package `id` that this message of cargo's tells of.
fn library_in(line: &str, id: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(line).ok()?;
    let types = message["target"]["crate_types"].as_array()?;
    let is_it = message["reason"] == "compiler-artifact"
        && message["package_id"] == id
        && types.iter().any(|of| of == SHARED);
    let files = message["filenames"].as_array().filter(|_| is_it)?;
    let mut files = files.iter().filter_map(Value::as_str).map(PathBuf::from);
    files.find(|file| {
        let suffix = file.extension().and_then(|suffix| suffix.to_str());
        suffix == Some(std::env::consts::DLL_EXTENSION)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_that_of_the_crate_and_of_no_dependency() {
        let file = format!("/t/libx.{}", std::env::consts::DLL_EXTENSION);
        let line = |id: &str, of: &str| {
            serde_json::json!({
                "reason": "compiler-artifact",
                "package_id": id,
                "target": { "crate_types": [of] },
                "filenames": ["/t/libx.rlib", file],
            })
            .to_string()
        };
        assert_eq!(
            library_in(&line("own", "cdylib"), "own"),
            Some(file.clone().into())
        );
        for other in [line("other", "cdylib"), line("own", "rlib"), "text".into()] {
            assert_eq!(library_in(&other, "own"), None, "{other}");
        }
    }
}
