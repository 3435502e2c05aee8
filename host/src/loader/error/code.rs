//! Short names of the reasons, for metrics and scripts.

use crate::loader::refusal::Refusal as _;

use super::{
    ConnectError, DiscoverError, LoadError, OpenError, PolicyError, Problem, RegisterError,
    StageError,
};

impl LoadError {
    /// A short name of the reason that never changes, in snake case; that of the first problem where
    /// inspection found several.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Discover(err) => match err {
                DiscoverError::Unreadable { .. } => "unreadable",
                DiscoverError::NotAFile { .. } => "not_a_file",
                DiscoverError::DanglingLink { .. } => "dangling_link",
                DiscoverError::LinkLoop { .. } => "link_loop",
                DiscoverError::SidecarUnusable { .. } => "sidecar_unusable",
                DiscoverError::SidecarInvalid { .. } => "sidecar_invalid",
            },
            Self::Inspect(err) => err.problems.first().map_or("unknown", Problem::code),
            Self::Policy(err) => err.code(),
            Self::Stage(err) => match err {
                StageError::Unreadable { .. } => "unreadable",
                StageError::Changed => "changed_while_read",
                StageError::OutOfMemory { .. } => "out_of_memory",
                StageError::Unwritable { .. } => "unwritable",
            },
            Self::Probe(err) => err.code(),
            Self::Open(err) => err.code(),
            Self::Connect(err) => err.code(),
            Self::Register(RegisterError::DuplicateName { .. }) => "duplicate_name",
        }
    }
}

impl OpenError {
    pub(in crate::loader) fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "refused_by_system",
            Self::NameTaken { .. } => "name_taken",
            Self::SonameTaken { .. } => "soname_taken",
            Self::NotTheStagedFile => "not_the_staged_file",
            Self::NoRootModule => "no_root_module",
            Self::Header { .. } => "bad_root_module",
            Self::Layouts { .. } => "other_layouts",
        }
    }
}

impl ConnectError {
    pub(in crate::loader) fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "refused_by_plugin",
            Self::Panicked { .. } => "panicked",
            Self::NotAsStamped { .. } => "not_as_stamped",
        }
    }
}

impl PolicyError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } | Self::PlaceUnreadable { .. } => "unreadable",
            Self::NotAFile { .. } => "not_a_file",
            Self::Owner { .. } => "untrusted_owner",
            Self::Writable { .. } => "writable_by_others",
            Self::NoExec => "noexec_mount",
            Self::TooLarge { .. } | Self::TextTooLarge { .. } => "too_large",
            Self::LinkOutside { .. } => "link_outside",
            Self::Sums { .. } => "sums_unusable",
            Self::Unlisted => "unlisted",
            Self::OtherDigest { .. } | Self::ListedAbsent { .. } => "other_digest",
            Self::Unsigned { .. } => "unsigned",
            Self::BadSignature { .. } => "bad_signature",
            Self::SignedForAnother { .. } => "signed_for_another",
        }
    }
}

impl Problem {
    fn code(&self) -> &'static str {
        match self {
            Self::NotALibrary { .. } => "not_a_library",
            Self::WrongType { .. } => "wrong_type",
            Self::WrongMachine { .. } => "wrong_machine",
            Self::WrongSystem { .. } => "wrong_system",
            Self::Truncated { .. } => "truncated",
            Self::Malformed { .. } => "malformed",
            Self::NoStamp => "no_stamp",
            Self::BadStamp(_) => "bad_stamp",
            Self::WrongAbi { .. } => "wrong_abi",
            Self::PanicAborts => "panic_aborts",
            Self::NewerGlibc { .. } => "newer_glibc",
            Self::SonameIsPath { .. } => "soname_is_path",
            Self::SonameOfHost { .. } => "soname_of_host",
            Self::NoRootSymbol => "no_root_symbol",
        }
    }
}
