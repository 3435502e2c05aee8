//! The stages that a file goes through, in their order.

use std::fmt;

use serde::{Serialize, Serializer};

/// The stages that a file goes through, in their order.
///
/// It prints and serialises as one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Finding the file and its sidecar.
    Discover,
    /// Asking who may have written it, and reading it.
    Admit,
    /// Looking at what its bytes say.
    Inspect,
    /// Asking who vouches for the bytes.
    Vouch,
    /// Copying it to where it cannot change; the word is `stage`.
    Staging,
    /// Having another process load it first.
    Probe,
    /// Opening the library.
    Open,
    /// Constructing its runners.
    Connect,
    /// Adding them to the router.
    Register,
}

impl Stage {
    fn word(self) -> &'static str {
        match self {
            Self::Discover => "discover",
            Self::Admit => "admit",
            Self::Inspect => "inspect",
            Self::Vouch => "vouch",
            Self::Staging => "stage",
            Self::Probe => "probe",
            Self::Open => "open",
            Self::Connect => "connect",
            Self::Register => "register",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Serialize for Stage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}
