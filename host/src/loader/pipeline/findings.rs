//! What speaks against a file: the first thing, or everything.

use crate::loader::error::LoadError;
use crate::loader::skip::SkipReason;

/// How refusals are taken: loading ends with the first, examining goes on to find them all.
#[derive(Debug)]
pub(in crate::loader) enum Findings {
    /// The first refusal ends the way of the file.
    First,
    /// It goes on, as far as the refused part is not needed.
    All(Vec<LoadError>),
}

/// Why a file goes no further.
#[derive(Debug)]
pub(in crate::loader) enum Ended {
    Refused(LoadError),
    Skipped(SkipReason),
}

impl Findings {
    /// Takes the result of a check: `Ok(None)` where it was a refusal and the file goes on all the
    /// same.
    pub(super) fn take<T, E: Into<LoadError>>(
        &mut self,
        result: Result<T, E>,
    ) -> Result<Option<T>, Ended> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(err) => self.add(err).map(|()| None),
        }
    }

    /// Takes a refusal.
    pub(in crate::loader) fn add(&mut self, refusal: impl Into<LoadError>) -> Result<(), Ended> {
        let refusal = refusal.into();
        match self {
            Self::First => Err(Ended::Refused(refusal)),
            Self::All(refusals) => {
                if !refusals.iter().any(|known| same_directory(known, &refusal)) {
                    refusals.push(refusal);
                }
                Ok(())
            }
        }
    }

    /// Leaves the file alone, unless everything about it is to be found.
    pub(super) fn skip(&self, reason: SkipReason) -> Result<(), Ended> {
        match self {
            Self::First => Err(Ended::Skipped(reason)),
            Self::All(_) => Ok(()),
        }
    }
}

impl Findings {
    /// Everything that was taken.
    pub(in crate::loader) fn into_refusals(self) -> Vec<LoadError> {
        match self {
            Self::First => Vec::new(),
            Self::All(refusals) => refusals,
        }
    }
}

/// A directory above several places is refused at each of them: once is enough.
fn same_directory(known: &LoadError, refusal: &LoadError) -> bool {
    match (known, refusal) {
        (LoadError::Admit(known), LoadError::Admit(refusal)) => {
            known.directory().is_some() && known.directory() == refusal.directory()
        }
        _ => false,
    }
}

impl From<LoadError> for Ended {
    fn from(refusal: LoadError) -> Self {
        Self::Refused(refusal)
    }
}
