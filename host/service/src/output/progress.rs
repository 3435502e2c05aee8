//! How far a log has come, for those who wait for more of it.

/// How far a log has come.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Progress {
    /// The position behind its last byte.
    pub(crate) end: u64,
    /// Whether there will be no more.
    pub(crate) complete: bool,
}
