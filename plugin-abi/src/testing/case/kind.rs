//! The kind of a task of a test.

use serde_json::Value;
use solti_model::TaskKind;

#[derive(Debug, Clone)]
pub(super) enum Kind {
    OfModel(TaskKind),
    /// One of the author's own, and its spec.
    Own(String, Value),
}

impl Kind {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::OfModel(kind) => kind.kind(),
            Self::Own(kind, _) => kind,
        }
    }
}
