//! How much of the host's memory a guest may take.

use crate::config::Config;

/// A page of memory; other sizes are a proposal that is not enabled.
pub(super) const PAGE_BYTES: u64 = 64 << 10;
/// The most elements that a table of functions may have.
const MAX_TABLE_ELEMENTS: usize = 1 << 20;
/// The most tables.
pub(super) const MAX_TABLES: usize = 16;

/// The limits of one engine, from the configuration.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) max_memory_bytes: usize,
    pub(super) max_fuel: Option<u64>,
}

impl Limits {
    pub(super) fn of(config: &Config) -> Self {
        Self {
            max_memory_bytes: config.max_memory_bytes,
            max_fuel: config.max_fuel,
        }
    }
}

/// Says how far the memory and the tables of one guest may grow.
///
/// It keeps no account, because a growth may be asked for again.
#[derive(Debug)]
pub(super) struct Growth {
    max_memory_bytes: usize,
    refused_memory: bool,
    /// Whether the program has started.
    pub(super) running: bool,
}

impl Growth {
    pub(super) fn within(limits: &Limits) -> Self {
        Self {
            max_memory_bytes: limits.max_memory_bytes,
            refused_memory: false,
            running: false,
        }
    }

    pub(super) fn allows_memory(&mut self, desired_bytes: usize) -> bool {
        let allowed = desired_bytes <= self.max_memory_bytes;
        self.refused_memory |= !allowed;
        allowed
    }

    /// Tables keep the size they start with. No program of a C or Rust compiler asks for more, and
    /// wasmi 2.0.0 does not keep its place when a `table.grow` runs out of fuel, so that call could
    /// not be resumed.
    pub(super) fn allows_table(&self, desired_elements: usize) -> bool {
        !self.running && desired_elements <= MAX_TABLE_ELEMENTS
    }

    /// Adds to a trap's message that memory was refused before: most programs end soon after that,
    /// in a trap that does not say why.
    pub(super) fn explain(&self, mut message: String) -> String {
        if self.refused_memory {
            message.push_str(&format!(
                " (it had been refused memory beyond its limit of {} bytes, max_memory_bytes)",
                self.max_memory_bytes
            ));
        }
        message
    }
}
