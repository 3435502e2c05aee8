//! The plugins of the test suite, built once for each test program.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::{Built, Profile, build, target_dir};

/// Every package that the tests load or run, built by one nested cargo.
const PACKAGES: &[&str] = &[
    "container",
    "hello",
    "hostile",
    "httpcheck",
    "modern",
    "solti-host",
    "specimen",
    "sqlite",
    "ssh",
    "subprocess",
    "wasm",
];

/// The suffix of a plugin file on this platform.
pub use std::env::consts::DLL_EXTENSION as PLUGIN_SUFFIX;

/// What a process has built that runs one of its tests in a process of its own.
const BUILT_BEFORE: &str = "E2E_BUILT";

/// Everything built; the first call takes the time.
pub fn built() -> &'static Built {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(|| {
        if let Ok(json) = std::env::var(BUILT_BEFORE) {
            return Built::from_json(&json);
        }
        build(
            PACKAGES,
            Profile::Dev,
            // Where the outer cargo builds: most of what they depend on is there already.
            &target_dir(),
            |_| {},
        )
    })
}

/// Has `command`, which runs a test of this process, use what this process has built.
pub fn hand_over(command: &mut Command) {
    command.env(BUILT_BEFORE, built().to_json());
}

/// The file of a plugin.
///
/// # Panics
///
/// When there is no plugin package of that name.
#[must_use]
pub fn plugin(package: &str) -> &'static Path {
    built()
        .plugins
        .get(package)
        .unwrap_or_else(|| panic!("{package} is no plugin of the fixtures"))
}

/// The file of the program `solti-host`.
///
/// # Panics
///
/// When the build made none.
#[must_use]
pub fn solti_host() -> &'static Path {
    built()
        .programs
        .get("solti-host")
        .expect("the package builds its binary")
}

/// Copies a plugin into `directory` under the name `stem`, with the platform's suffix.
///
/// # Panics
///
/// When it cannot be copied.
pub fn install(package: &str, directory: &Path, stem: &str) -> PathBuf {
    let file = directory.join(format!("{stem}.{PLUGIN_SUFFIX}"));
    std::fs::copy(plugin(package), &file).expect("a temporary directory can be written");
    // Whatever the umask of the build was: a host refuses what others can change.
    std::fs::set_permissions(&file, Permissions::from_mode(0o755)).expect("the copy is ours");
    file
}

/// The bytes of the plugin `hostile`, told to do `harm` while it is loaded.
///
/// # Panics
///
/// When the plugin cannot be read or has no place for it.
#[must_use]
pub fn hostile(harm: &str) -> Vec<u8> {
    const PLACE: &[u8] = b"HOSTILE=none\0\0\0\0";
    /// What the plugin keeps free for it.
    const LEN: usize = 160;
    let mut bytes = std::fs::read(plugin("hostile")).expect("what was just built can be read");
    let at = bytes
        .windows(PLACE.len())
        .position(|window| window == PLACE)
        .expect("the plugin has a place for it");
    let text = format!("HOSTILE={harm}");
    assert!(text.len() < LEN, "{harm:?} does not fit");
    bytes[at..at + LEN].fill(0);
    bytes[at..at + text.len()].copy_from_slice(text.as_bytes());
    bytes
}
