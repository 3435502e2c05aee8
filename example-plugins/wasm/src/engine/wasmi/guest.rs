//! What a store holds.

use ::wasmi::ResourceLimiter;
use wasi_common::WasiCtx;
use wasmi_core::LimiterError;

use crate::engine::limits::{Growth, MAX_TABLES};

/// A guest: its world, and what it may grow to.
pub(super) struct Guest {
    pub(super) wasi: WasiCtx,
    pub(super) growth: Growth,
}

impl ResourceLimiter for Guest {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool, LimiterError> {
        Ok(self.growth.allows_memory(desired))
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool, LimiterError> {
        Ok(self.growth.allows_table(desired))
    }

    fn instances(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        MAX_TABLES
    }

    fn memories(&self) -> usize {
        1
    }
}
