//! How much of the host's memory a guest may take.

use std::fmt::Display;

use crate::config::Config;
use crate::module::Fault;

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
    refused_memory: Option<usize>,
    refused_table: Option<usize>,
    /// Whether the program has started.
    pub(super) running: bool,
}

impl Growth {
    pub(super) fn within(limits: &Limits) -> Self {
        Self {
            max_memory_bytes: limits.max_memory_bytes,
            refused_memory: None,
            refused_table: None,
            running: false,
        }
    }

    pub(super) fn allows_memory(&mut self, desired_bytes: usize) -> bool {
        let allowed = desired_bytes <= self.max_memory_bytes;
        if !allowed {
            self.refused_memory = Some(desired_bytes);
        }
        allowed
    }

    /// Tables keep the size they start with. No program of a C or Rust compiler asks for more, and
    /// wasmi 2.0.0 does not keep its place when a `table.grow` runs out of fuel, so that call could
    /// not be resumed.
    pub(super) fn allows_table(&mut self, desired_elements: usize) -> bool {
        let allowed = desired_elements <= MAX_TABLE_ELEMENTS;
        if !allowed {
            self.refused_table = Some(desired_elements);
        }
        allowed && !self.running
    }

    /// What is wrong with a module that an engine refused to instantiate with this message, which does
    /// not name the limit that was met.
    pub(super) fn fault(&self, message: impl Display) -> Fault {
        if let Some(needed) = self.refused_memory {
            Fault::Memory {
                needed: needed as u64,
                limit: self.max_memory_bytes as u64,
            }
        } else if let Some(needed) = self.refused_table {
            Fault::Table {
                needed,
                limit: MAX_TABLE_ELEMENTS,
            }
        } else {
            Fault::instantiation(message)
        }
    }

    /// Adds to a trap's message that memory was refused before: most programs end soon after that,
    /// in a trap that does not say why.
    pub(super) fn explain(&self, mut message: String) -> String {
        if self.refused_memory.is_some() {
            message.push_str(&format!(
                " (it had been refused memory beyond its limit of {} bytes, max_memory_bytes)",
                self.max_memory_bytes
            ));
        }
        message
    }
}
