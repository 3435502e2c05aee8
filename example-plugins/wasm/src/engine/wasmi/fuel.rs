//! The fuel of one guest, which it gets in slices.

use ::wasmi::{Error, Store};

use super::guest::Guest;

/// Fuel of one slice: a few milliseconds of work.
pub(super) const SLICE: u64 = 1_000_000;
/// Fuel for what runs before the program proper and cannot be suspended: a start function.
pub(super) const START_FUEL: u64 = 10 * SLICE;

/// What one guest may still use, and what of it the store has now.
pub(super) struct Tank {
    pub(super) limit: u64,
    pub(super) left: u64,
    granted: u64,
}

impl Tank {
    pub(super) fn new(limit: Option<u64>) -> Self {
        let limit = limit.unwrap_or(u64::MAX);
        Self {
            limit,
            left: limit,
            granted: 0,
        }
    }

    /// Gives the store `wanted`, or what is left.
    pub(super) fn fill(&mut self, store: &mut Store<Guest>, wanted: u64) -> Result<(), Error> {
        self.granted = wanted.min(self.left);
        store.set_fuel(self.granted)
    }

    /// Takes what the store used off what is left.
    pub(super) fn charge(&mut self, store: &Store<Guest>) -> Result<(), Error> {
        self.left -= self.granted.saturating_sub(store.get_fuel()?);
        Ok(())
    }
}
