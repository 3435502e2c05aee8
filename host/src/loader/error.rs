//! The errors of all stages as one, in the order of the stages.

mod directory;

use std::fmt;

pub use directory::LoadDirError;

use super::admit::AdmitError;
use super::connect::ConnectError;
use super::discover::DiscoverError;
use super::inspect::InspectError;
use super::open::OpenError;
use super::probe::ProbeError;
use super::refusal::{Advice, OptionNames, Refusal, method, sentence};
use super::register::RegisterError;
use super::stage::Stage;
use super::staging::StagingError;
use super::vouch::VouchError;

/// Why one file was not loaded.
///
/// It displays as one line: what was found and what to do about it.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoadError {
    /// At [`Stage::Discover`].
    Discover(DiscoverError),
    /// At [`Stage::Admit`].
    Admit(AdmitError),
    /// At [`Stage::Inspect`].
    Inspect(InspectError),
    /// At [`Stage::Vouch`].
    Vouch(VouchError),
    /// At [`Stage::Staging`].
    Staging(StagingError),
    /// At [`Stage::Probe`].
    Probe(ProbeError),
    /// At [`Stage::Open`].
    Open(OpenError),
    /// At [`Stage::Connect`].
    Connect(ConnectError),
    /// At [`Stage::Register`].
    Register(RegisterError),
}

impl LoadError {
    /// The stage that refused the file.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.parts().0
    }

    /// What the stage said: fact, advice and code apart.
    #[must_use]
    pub fn refusal(&self) -> &dyn Refusal {
        self.parts().1
    }

    /// A short name of the reason that never changes, in snake case; that of the first problem where
    /// inspection found several.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.refusal().code()
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> Advice {
        self.refusal().advice()
    }

    /// What was found and what to do about it, on one line, with the names that `names` has for
    /// options.
    #[must_use]
    pub fn sentence(&self, names: OptionNames) -> String {
        sentence(self.refusal(), names)
    }

    fn parts(&self) -> (Stage, &dyn Refusal) {
        match self {
            Self::Discover(err) => (Stage::Discover, err),
            Self::Admit(err) => (Stage::Admit, err),
            Self::Inspect(err) => (Stage::Inspect, err),
            Self::Vouch(err) => (Stage::Vouch, err),
            Self::Staging(err) => (Stage::Staging, err),
            Self::Probe(err) => (Stage::Probe, err),
            Self::Open(err) => (Stage::Open, err),
            Self::Connect(err) => (Stage::Connect, err),
            Self::Register(err) => (Stage::Register, err),
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence(method))
    }
}

/// The stage's own error is no source: what it says is in the text already.
impl std::error::Error for LoadError {}

macro_rules! sums {
    ($($stage:ident($error:ty),)+) => {
        $(impl From<$error> for LoadError {
            fn from(error: $error) -> Self {
                Self::$stage(error)
            }
        })+
    };
}

sums! {
    Discover(DiscoverError),
    Admit(AdmitError),
    Inspect(InspectError),
    Vouch(VouchError),
    Staging(StagingError),
    Probe(ProbeError),
    Open(OpenError),
    Connect(ConnectError),
    Register(RegisterError),
}
