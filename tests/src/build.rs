//! A nested cargo.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::workspace;

/// How to build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// The default of `cargo build`.
    Dev,
    /// `--release`.
    Release,
    /// What is shipped: the profile `dist` of the workspace.
    Dist,
}

/// What a build made.
#[derive(Debug, Default, Clone)]
pub struct Built {
    /// The shared library of each package.
    pub plugins: HashMap<String, PathBuf>,
    /// The executable of each binary.
    pub programs: HashMap<String, PathBuf>,
}

/// Builds `packages` into `target_dir` with `extra` arguments and environment.
///
/// # Panics
///
/// When cargo cannot be started or fails; its output has been shown by then.
#[must_use]
pub fn build(
    packages: &[&str],
    profile: Profile,
    target_dir: &Path,
    extra: impl FnOnce(&mut Command),
) -> Built {
    build_with(None, packages, profile, target_dir, extra)
}

/// As [`build`], with the cargo and the compiler of another toolchain of rustup's.
///
/// # Panics
///
/// When cargo cannot be started or fails; its output has been shown by then.
#[must_use]
pub fn build_with(
    toolchain: Option<&str>,
    packages: &[&str],
    profile: Profile,
    target_dir: &Path,
    extra: impl FnOnce(&mut Command),
) -> Built {
    let mut cargo = match toolchain {
        None => own_cargo(),
        Some(toolchain) => {
            let mut rustup = Command::new("rustup");
            // What the outer cargo set would make it run its own compiler again.
            for name in ["RUSTUP_TOOLCHAIN", "CARGO", "RUSTC", "RUSTDOC"] {
                rustup.env_remove(name);
            }
            rustup.args(["run", toolchain, "cargo"]);
            rustup
        }
    };
    cargo.arg("build");
    for package in packages {
        cargo.args(["-p", package]);
    }
    run(cargo, profile, target_dir, extra)
}

/// Builds one package, its library compiled and linked with more arguments for the compiler.
///
/// # Panics
///
/// When cargo cannot be started or fails; its output has been shown by then.
#[must_use]
pub fn build_linked(
    package: &str,
    profile: Profile,
    target_dir: &Path,
    compiler_args: &[String],
) -> Built {
    let mut cargo = own_cargo();
    cargo.args(["rustc", "--lib", "-p", package]);
    run(cargo, profile, target_dir, |cargo| {
        cargo.arg("--").args(compiler_args);
    })
}

/// The argument of the compiler that links a library with so many bytes of thread-locals of the kind that a
/// process has little room for.
///
/// # Panics
///
/// When there is no C compiler, or no room in the directory.
#[must_use]
pub fn link_with_thread_locals(bytes: usize, directory: &Path) -> String {
    let (source, object) = (directory.join("tls.c"), directory.join("tls.o"));
    let text = format!(
        "static __thread char some[{bytes}] __attribute__((tls_model(\"initial-exec\")));\n\
         __attribute__((constructor, used)) static void touch(void) {{ some[7] = 1; }}\n"
    );
    std::fs::write(&source, text).expect("there is room for it");
    let compiled = Command::new("cc")
        .args(["-fPIC", "-c"])
        .arg(&source)
        .arg("-o")
        .arg(&object)
        .status();
    assert!(compiled.expect("a C compiler is there").success());
    format!("-Clink-arg={}", object.display())
}

fn own_cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs a command of cargo's and reads what it made.
fn run(
    mut cargo: Command,
    profile: Profile,
    target_dir: &Path,
    extra: impl FnOnce(&mut Command),
) -> Built {
    cargo
        .current_dir(workspace())
        .args(["--message-format", "json-render-diagnostics"]);
    cargo.arg("--target-dir").arg(target_dir);
    match profile {
        Profile::Dev => {}
        Profile::Release => drop(cargo.arg("--release")),
        Profile::Dist => drop(cargo.args(["--profile", "dist"])),
    }
    // Variables that the outer cargo set for this package would make the nested build differ from
    // a user's, and build everything anew.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&*name);
        }
    }
    cargo.stdin(Stdio::null()).stdout(Stdio::piped());
    extra(&mut cargo);
    let output = cargo
        .spawn()
        .and_then(std::process::Child::wait_with_output)
        .unwrap_or_else(|err| panic!("cargo could not be run: {err}"));
    assert!(
        output.status.success(),
        "{cargo:?} failed: {}",
        output.status
    );
    let mut built = Built::default();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        if let Ok(message) = serde_json::from_str::<Value>(line) {
            built.take(&message);
        }
    }
    built
}

impl Built {
    /// As text that [`from_json`](Self::from_json) understands.
    pub(crate) fn to_json(&self) -> String {
        json!([self.plugins, self.programs]).to_string()
    }

    /// What [`to_json`](Self::to_json) has written.
    pub(crate) fn from_json(json: &str) -> Self {
        let (plugins, programs) = serde_json::from_str(json).expect("written by to_json");
        Self { plugins, programs }
    }

    fn take(&mut self, message: &Value) {
        if message["reason"] != "compiler-artifact" {
            return;
        }
        let target = &message["target"];
        let name = target["name"].as_str().unwrap_or_default().to_owned();
        if let Some(program) = message["executable"].as_str() {
            self.programs.insert(name, program.into());
        } else if target["crate_types"]
            .as_array()
            .is_some_and(|types| types.contains(&"cdylib".into()))
            && let Some(file) = message["filenames"][0].as_str()
        {
            // Cargo names the target after the package, with its dashes replaced.
            self.plugins.insert(name.replace('_', "-"), file.into());
        }
    }
}
