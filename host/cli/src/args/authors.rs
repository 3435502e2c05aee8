//! The arguments of the commands for authors of plugins.

use std::path::PathBuf;
use std::str::FromStr;

/// Make a crate of a plugin: it builds, is tested and runs as it stands
///
/// The SDK that it is built with is `--sdk`, `--git` or `--published`. Unless one is given it is the
/// checkout that this program stands in, or else the repository that it was made from.
///
/// Exit code: 0, or 2 if nothing was made.
#[derive(Debug, clap::Args)]
pub(crate) struct NewArgs {
    /// The name of the crate and of the plugin; before it there may be a path to where it goes
    #[arg(value_name = "NAME")]
    pub(crate) path: PathBuf,

    /// The kind of task that it takes: `subprocess`, `wasm`, `container`, or one of its own, such as
    /// `example.com/v1/Greeting`
    #[arg(long, value_name = "KIND", default_value = "subprocess")]
    pub(crate) kind: NewKind,

    /// Show how work is done that blocks a thread
    #[arg(long)]
    pub(crate) blocking: bool,

    /// Build it with the SDK of this checkout of the plugin host
    #[arg(long, value_name = "PATH", conflicts_with_all = ["git", "published"])]
    pub(crate) sdk: Option<PathBuf>,

    /// Build it with the SDK of this git repository
    #[arg(long, value_name = "URL", conflicts_with = "published")]
    pub(crate) git: Option<String>,

    /// Build it with the SDK that is published, of this program's version
    #[arg(long)]
    pub(crate) published: bool,

    /// Print what was made as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Build the crate of a plugin, check the plugin and run its tasks, and again when a source changes
///
/// What the compiler, the check and the tasks have to say is on one screen. Ctrl-C ends it.
///
/// Exit code: 0 after Ctrl-C. With --once 0 if all went well; 1 if the crate could not be built, the
/// plugin was refused, a test failed, a task did not succeed, or a rule is broken. 2 if nothing could
/// be done.
#[cfg(feature = "dev")]
#[derive(Debug, clap::Args)]
pub(crate) struct DevArgs {
    /// The directory of the crate
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) directory: PathBuf,

    /// The tasks to run; if not given, those of tasks.json in the crate, where it is there
    #[arg(long, value_name = "FILE")]
    pub(crate) tasks: Option<PathBuf>,

    /// Test the crate before its tasks are run, as `cargo test` does
    #[arg(long)]
    pub(crate) test: bool,

    /// Try what `conform` tries on the plugin after that, with conform.json in the crate, where it is there
    #[arg(long)]
    pub(crate) conform: bool,

    /// Build with the profile `release`
    #[arg(long, conflicts_with = "profile")]
    pub(crate) release: bool,

    /// Build with this profile of the crate
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// Do it once, and wait for no change
    #[arg(long)]
    pub(crate) once: bool,
}

/// The kind of task that a new plugin takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NewKind {
    /// Commands and scripts.
    Subprocess,
    /// WebAssembly modules.
    Wasm,
    /// Containers.
    Container,
    /// `group/version/Kind`.
    Own(String),
}

impl NewKind {
    /// The kind as a task has it.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Subprocess => "subprocess",
            Self::Wasm => "wasm",
            Self::Container => "container",
            Self::Own(name) => name,
        }
    }
}

impl FromStr for NewKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "subprocess" => Ok(Self::Subprocess),
            "wasm" => Ok(Self::Wasm),
            "container" => Ok(Self::Container),
            own if is_own(own) => Ok(Self::Own(own.to_owned())),
            _ => Err(
                "expected subprocess, wasm, container, or a kind of your own as group/version/Kind, \
                 such as example.com/v1/Greeting"
                    .to_owned(),
            ),
        }
    }
}

/// Whether it is `group/version/Kind`, of letters, digits and what stands between them in names.
fn is_own(kind: &str) -> bool {
    let is_part = |part: &str| {
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        !part.is_empty() && part.len() <= 100 && part.chars().all(is_name)
    };
    kind.split('/').count() == 3 && kind.split('/').all(is_part)
}
