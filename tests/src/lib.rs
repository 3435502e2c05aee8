//! Builds the plugins that the tests and the demo load.
//!
//! A plugin is a `cdylib` and never a dependency: two of them linked into one program would
//! silently share the one symbol each of them exports. So they are built by a cargo of their own,
//! into a target directory of their own, and found in what that cargo prints.

mod build;
mod demands;
mod examples;
mod fixtures;
pub mod http;
pub mod nats;
mod podman;
mod ports;
pub mod process;
mod report;
pub mod sshd;

pub use build::{Built, Profile, build, build_linked, build_with, link_with_thread_locals};
pub use demands::{is_thorough, may_mount, skip, times};
pub use examples::{EXAMPLES, Installed, Program, install_examples};
pub use fixtures::{PLUGIN_SUFFIX, built, hand_over, hostile, install, plugin, solti_host};
pub use podman::{IMAGE, Podman, RUN_ARGS};
pub use report::unmeasured;
pub use sshd::Sshd;

use std::path::{Path, PathBuf};

/// The root of the workspace.
#[must_use]
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the package is a folder of the workspace")
}

/// The target directory of the workspace.
#[must_use]
pub fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from)
}
