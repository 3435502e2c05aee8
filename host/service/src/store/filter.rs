//! Which records a list has.

use super::record::{Record, Seq};

/// How many records are looked at for one list: it is answered with what they have, and where to go on.
pub(super) const LOOKED_AT: usize = 20_000;

/// Which records a list has.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    /// Those before this one.
    pub(crate) before: Option<Seq>,
    /// Those that are over, or those that are not.
    pub(crate) ended: Option<bool>,
    /// Those of this slot.
    pub(crate) slot: Option<String>,
    /// Those whose names begin so.
    pub(crate) prefix: Option<String>,
    /// Those of this kind, as plugins declare it.
    pub(crate) kind: Option<String>,
    /// Those with all of these labels.
    pub(crate) labels: Vec<(String, String)>,
    /// No more than so many.
    pub(crate) limit: usize,
}

impl Filter {
    /// Whether a record is one of those, wherever it stands.
    pub(super) fn takes(&self, record: &Record) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == found)
        };
        let labels = &record.manifest["metadata"]["labels"];
        self.ended
            .is_none_or(|ended| ended == record.ended.is_some())
            && is(&self.slot, record.slot())
            && self
                .prefix
                .as_ref()
                .is_none_or(|prefix| record.name.starts_with(prefix))
            && self.kind.as_ref().is_none_or(|kind| *kind == record.kind())
            && self
                .labels
                .iter()
                .all(|(key, value)| labels[key] == value.as_str())
    }
}
