//! Which records a list has.

use super::record::Seq;

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
    /// No more than so many.
    pub(crate) limit: usize,
}
