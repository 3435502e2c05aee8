//! What the operator decides.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use solti_plugin_abi::PluginConfig;
use solti_plugin_abi::os_error::explain;

/// The plugin's configuration; every field may be left out.
#[derive(Debug, Clone, PluginConfig)]
pub(crate) struct Config {
    /// What runs the modules.
    #[config(default = "wasmi")]
    pub(crate) engine: Engine,
    /// The most memory a guest may have.
    #[config(default = 64 << 20)]
    pub(crate) max_memory_bytes: usize,
    /// How much a guest may compute, about one per instruction; without it, until its timeout.
    pub(crate) max_fuel: Option<u64>,
    /// The largest module file.
    #[config(default = 64 << 20)]
    pub(crate) max_module_bytes: u64,
    /// How many compiled modules are kept.
    #[config(default = 32)]
    pub(crate) cached_modules: NonZeroUsize,
    /// Names of the host's environment variables that guests see.
    #[config(default)]
    pub(crate) inherit_env: Vec<String>,
    /// Directories that guests see.
    #[config(default)]
    pub(crate) directories: Vec<Directory>,
    /// How many files and directories a guest may have open, besides those it begins with.
    #[config(default = 64)]
    pub(crate) max_open_files: u32,
    /// Which time it is for a guest.
    #[config(default = "real")]
    pub(crate) clock: Clock,
    /// Makes a guest's random numbers the same in every run.
    pub(crate) random_seed: Option<u64>,
}

/// What runs the modules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PluginConfig)]
pub(crate) enum Engine {
    /// An interpreter.
    Wasmi,
    /// A compiler, in builds that have it.
    Wasmtime,
}

/// A directory that guests see.
#[derive(Debug, Clone, PluginConfig)]
pub(crate) struct Directory {
    /// Where it is.
    pub(crate) host: PathBuf,
    /// Where guests see it.
    pub(crate) guest: String,
    /// Whether they may change what is in it.
    #[config(default)]
    pub(crate) writable: bool,
}

/// Which time it is for a guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PluginConfig)]
pub(crate) enum Clock {
    /// The host's.
    Real,
    /// The same in every run: it moves by a little with each look, and by the length of a sleep.
    Virtual,
}

impl Config {
    /// Checks what serde cannot, so that the operator learns of a mistake when the plugin is loaded.
    pub(crate) fn checked(self) -> Result<Self, String> {
        self.check_env()?;
        self.check_guests()?;
        self.check_hosts()?;
        Ok(self)
    }

    fn check_env(&self) -> Result<(), String> {
        for (index, name) in self.inherit_env.iter().enumerate() {
            // The system has no such variable, so nothing would ever be inherited.
            if name.is_empty() || name.contains(['=', '\0']) {
                return Err(format!(
                    "config.inherit_env[{index}]: found {name:?}, expected the name of a variable, \
                     without a value, `=` or NUL"
                ));
            }
        }
        Ok(())
    }

    fn check_guests(&self) -> Result<(), String> {
        for (index, directory) in self.directories.iter().enumerate() {
            let guest = &directory.guest;
            let field = format!("config.directories[{index}].guest");
            if guest.is_empty() || guest.contains('\0') {
                return Err(format!(
                    "{field}: found {guest:?}, expected a path, such as \"/data\", without NUL"
                ));
            }
            // A program would see the one or the other, as its language's library has it.
            let same = |other: &Directory| {
                other.guest.trim_end_matches('/') == guest.trim_end_matches('/')
            };
            if let Some(first) = self.directories[..index].iter().position(same) {
                return Err(format!(
                    "{field}: found {guest:?}, which directories[{first}] has already, expected a \
                     path of its own"
                ));
            }
        }
        Ok(())
    }

    /// The directories are opened anew for each attempt, so that one that is mounted later is seen.
    fn check_hosts(&self) -> Result<(), String> {
        for (index, directory) in self.directories.iter().enumerate() {
            let host = directory.host.display();
            match std::fs::metadata(&directory.host) {
                Ok(metadata) if metadata.is_dir() => {}
                Ok(_) => {
                    return Err(format!(
                        "config.directories[{index}].host: {host} is not a directory"
                    ));
                }
                Err(err) => {
                    let reason = explain(&err, "enter the directories above it");
                    return Err(format!(
                        "config.directories[{index}].host: {host} cannot be used: {reason}"
                    ));
                }
            }
        }
        Ok(())
    }
}
