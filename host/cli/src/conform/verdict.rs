//! What comes of a rule.

use serde::{Deserialize, Serialize};

/// What comes of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "camelCase")]
pub(crate) enum Verdict {
    /// The plugin keeps it.
    Passed,
    /// It does not.
    Failed {
        /// What was seen.
        fact: String,
        /// What its author can do.
        advice: String,
    },
    /// It could not be tried.
    NotApplicable {
        /// Why not.
        why: String,
    },
}

/// What keeps a rule from having passed.
#[derive(Debug)]
pub(super) enum Unmet {
    Broken { fact: String, advice: String },
    Untried { why: String },
}

/// A rule, or a part of one, that has been tried.
pub(super) type Tried<T = ()> = Result<T, Unmet>;

/// That the plugin breaks the rule.
pub(super) fn broken(fact: impl Into<String>, advice: impl Into<String>) -> Unmet {
    Unmet::Broken {
        fact: fact.into(),
        advice: advice.into(),
    }
}

/// That the rule cannot be tried.
pub(super) fn untried(why: impl Into<String>) -> Unmet {
    Unmet::Untried { why: why.into() }
}

impl From<Tried> for Verdict {
    fn from(tried: Tried) -> Self {
        match tried {
            Ok(()) => Self::Passed,
            Err(Unmet::Broken { fact, advice }) => Self::Failed { fact, advice },
            Err(Unmet::Untried { why }) => Self::NotApplicable { why },
        }
    }
}
