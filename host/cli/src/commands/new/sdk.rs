//! The SDK that a new plugin is built with.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::args::NewArgs;
use crate::present::phrase;

/// Where the SDK is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sdk {
    /// In a checkout, whose path is absolute.
    Checkout(String),
    /// In a git repository.
    Git(String),
    /// Published.
    Published,
}

/// Why there is no SDK.
#[derive(Debug, Error)]
pub(super) enum SdkError {
    #[error(
        "--sdk {}: no SDK is there: there is no plugin-abi/Cargo.toml in it; name a checkout of the plugin \
         host",
        phrase::path(.0)
    )]
    None(PathBuf),
    #[error("--sdk {}: its path is no text that Cargo.toml can hold; move it", phrase::path(.0))]
    NotText(PathBuf),
    #[error(
        "--git {0:?}: that is no address that Cargo.toml can hold; give one such as https://host/path"
    )]
    NoAddress(String),
}

impl Sdk {
    /// What the arguments say, or else the checkout that this program stands in, or else where it comes
    /// from.
    pub(super) fn find(args: &NewArgs) -> Result<Self, SdkError> {
        if args.published {
            return Ok(Self::Published);
        }
        if let Some(url) = &args.git {
            let is_odd = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '"' | '\\');
            if url.is_empty() || url.contains(is_odd) {
                return Err(SdkError::NoAddress(url.clone()));
            }
            return Ok(Self::Git(url.clone()));
        }
        if let Some(path) = &args.sdk {
            return Self::checkout(path);
        }
        let program = env::current_exe().unwrap_or_default();
        let around = program.ancestors().find(|above| is_checkout(above));
        match around.map(Self::checkout) {
            Some(Ok(checkout)) => Ok(checkout),
            _ => Ok(Self::Git(env!("CARGO_PKG_REPOSITORY").to_owned())),
        }
    }

    fn checkout(path: &Path) -> Result<Self, SdkError> {
        let there = fs::canonicalize(path).ok().filter(|it| is_checkout(it));
        let there = there.ok_or_else(|| SdkError::None(path.to_owned()))?;
        let is_odd = |c: char| c.is_control() || matches!(c, '"' | '\\');
        match there.to_str() {
            Some(text) if !text.contains(is_odd) => Ok(Self::Checkout(text.to_owned())),
            _ => Err(SdkError::NotText(there)),
        }
    }

    /// Where it is, for people.
    pub(super) fn place(&self) -> String {
        match self {
            Self::Checkout(path) => path.clone(),
            Self::Git(url) => url.clone(),
            Self::Published => format!("version {}", version()),
        }
    }

    /// The dependency on one of its crates, which is in `folder`, without the braces.
    pub(super) fn dependency(&self, folder: &str) -> String {
        match self {
            Self::Checkout(path) => format!("path = \"{path}/{folder}\""),
            Self::Git(url) => format!("git = \"{url}\""),
            Self::Published => format!("version = \"{}\"", version()),
        }
    }
}

/// Whether a directory is a checkout with the SDK in it.
fn is_checkout(directory: &Path) -> bool {
    let has = |folder: &str| directory.join(folder).join("Cargo.toml").is_file();
    has("plugin-abi") && has("host")
}

/// The versions that go with this program's: those with the same first two numbers.
fn version() -> &'static str {
    concat!(
        env!("CARGO_PKG_VERSION_MAJOR"),
        ".",
        env!("CARGO_PKG_VERSION_MINOR")
    )
}
