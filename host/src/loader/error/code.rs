//! Short names of the reasons, for metrics and scripts.

use crate::loader::refusal::Refusal as _;

use super::{
    ConnectError, DiscoverError, LoadError, OpenError, PolicyError, RegisterError, StageError,
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
            Self::Inspect(err) => err.code(),
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
