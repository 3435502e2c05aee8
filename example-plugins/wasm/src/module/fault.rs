//! What is wrong with a module.

use std::fmt::Display;

use thiserror::Error;

use super::text;

/// What is wrong with a module: the end of a sentence that begins with its path.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Fault {
    #[error("could not be read: {0}")]
    Unreadable(String),
    #[error("is not a regular file")]
    NotAFile,
    #[error("has {found} bytes, the limit is {limit} (max_module_bytes)")]
    TooLarge { found: u64, limit: u64 },
    #[error(
        "is not a WebAssembly binary: it begins with \"{}\", expected \"\\x00asm\"",
        found.escape_ascii()
    )]
    NotWasm { found: Vec<u8> },
    #[error("is a component, not a core module: build it for wasm32-wasip1")]
    Component,
    #[error("has an unsupported WebAssembly version: build it for wasm32-wasip1")]
    Version,
    #[error("is truncated: it needs at least {needed} bytes, the file has {found}")]
    Truncated { needed: u64, found: usize },
    #[error("is not valid: {0}")]
    Invalid(String),
    #[error(
        "imports what is not provided: {0}; build it for wasm32-wasip1, which needs only the \
         functions of wasi_snapshot_preview1"
    )]
    Imports(String),
    #[error("imports {name} as {wanted}, but it is provided as {provided}")]
    ImportType {
        name: String,
        wanted: String,
        provided: String,
    },
    #[error("exports no function _start without parameters, so it is not a program")]
    NoStart,
    #[error("exports no memory, which the WASI functions it imports need")]
    NoMemory,
    #[error("needs {needed} bytes of memory to start, the limit is {limit} (max_memory_bytes)")]
    Memory { needed: u64, limit: u64 },
    #[error("needs a table of {needed} elements to start, the limit is {limit}")]
    Table { needed: usize, limit: usize },
    #[error("could not be instantiated: {0}")]
    Instantiation(String),
}

impl Fault {
    /// A module that the engine does not accept, with the engine's message.
    pub(crate) fn invalid(message: impl Display) -> Self {
        Self::Invalid(text::message(message))
    }

    /// A module that cannot be instantiated, with the engine's message.
    pub(crate) fn instantiation(message: impl Display) -> Self {
        Self::Instantiation(text::message(message))
    }

    /// A module whose imports, each of a module and a name, are not provided.
    pub(crate) fn imports(missing: &[(&str, &str)]) -> Self {
        Self::Imports(text::list(missing))
    }

    /// A module with an import of another type.
    pub(crate) fn import_type(
        (module, name): (&str, &str),
        wanted: impl Display,
        provided: impl Display,
    ) -> Self {
        Self::ImportType {
            name: text::import(module, name),
            wanted: text::message(wanted),
            provided: provided.to_string(),
        }
    }

    /// A word for it, for programs: in the details of an attempt that fails with it.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "unreadable",
            Self::NotAFile => "not_a_file",
            Self::TooLarge { .. } => "too_large",
            Self::NotWasm { .. } => "not_wasm",
            Self::Component => "component",
            Self::Version => "version",
            Self::Truncated { .. } => "truncated",
            Self::Invalid(_) => "invalid",
            Self::Imports(_) | Self::ImportType { .. } => "imports",
            Self::NoStart => "no_start",
            Self::NoMemory => "no_memory",
            Self::Memory { .. } | Self::Table { .. } => "memory",
            Self::Instantiation(_) => "instantiation",
        }
    }

    /// Whether the file may be whole at the next attempt, because it is only on its way.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Unreadable(_) | Self::NotAFile | Self::Truncated { .. }
        )
    }
}
