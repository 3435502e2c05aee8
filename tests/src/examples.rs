//! The example plugins, built as an operator would use them.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::{PLUGIN_SUFFIX, Profile, build, target_dir};

/// The packages of the example plugins.
pub const EXAMPLES: &[&str] = &[
    "hello",
    "subprocess",
    "wasm",
    "container",
    "httpcheck",
    "sqlite",
    "ssh",
];

/// The package of the host, which runs them.
const HOST: &str = "solti-host";

/// Which host is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// All of it, as it is shipped.
    Whole,
    /// Without the command `serve`, which takes as long to build as all the rest.
    WithoutService,
}

/// What has been built and installed.
#[derive(Debug)]
pub struct Installed {
    /// The directory of the plugins.
    pub directory: PathBuf,
    /// The file of each plugin, in the order of [`EXAMPLES`].
    pub plugins: Vec<PathBuf>,
    /// The program `solti-host`.
    pub solti_host: PathBuf,
}

/// Builds the example plugins and the host with the profile that is shipped, and installs the plugins into
/// `target/plugins/`.
///
/// # Errors
///
/// When a file cannot be copied.
///
/// # Panics
///
/// When the build fails; cargo has said why by then.
pub fn install_examples(host: Program) -> io::Result<Installed> {
    // Always the same packages: cargo would build their dependencies anew for others.
    let packages: Vec<_> = EXAMPLES.iter().copied().chain([HOST]).collect();
    let built = build(&packages, Profile::Dist, &target_dir(), |cargo| {
        // The plugins have no features that they are built with.
        if host == Program::WithoutService {
            cargo.arg("--no-default-features");
        }
    });
    let directory = target_dir().join("plugins");
    fs::create_dir_all(&directory)?;
    // A host refuses what others can change, and a umask may let them.
    fs::set_permissions(&directory, Permissions::from_mode(0o755))?;
    let plugins = EXAMPLES
        .iter()
        .map(|package| replace(&built.plugins[*package], &directory, package))
        .collect::<Result<_, _>>()?;
    Ok(Installed {
        directory,
        plugins,
        solti_host: built.programs["solti-host"].clone(),
    })
}

/// Puts a plugin in its place in one step: a host that has the old one loaded keeps it whole.
fn replace(built: &Path, directory: &Path, package: &str) -> io::Result<PathBuf> {
    let file = directory.join(format!("{package}.{PLUGIN_SUFFIX}"));
    let copy = directory.join(format!(".{package}.copy"));
    fs::copy(built, &copy)?;
    fs::set_permissions(&copy, Permissions::from_mode(0o755))?;
    fs::rename(&copy, &file)?;
    Ok(file)
}
