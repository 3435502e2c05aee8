//! One event that a subject has logged.

use std::fmt;

use serde_json::{Map, Value};

/// One event that a subject has logged with `tracing` or `log`.
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    /// The level.
    pub level: tracing::Level,
    /// The target.
    pub target: String,
    /// The message; empty where there is none.
    pub message: String,
    /// The other fields: numbers and truth values keep their types, everything else is text.
    pub fields: Map<String, Value>,
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.level, self.target, self.message)?;
        for (name, value) in &self.fields {
            write!(f, " {name}={value}")?;
        }
        Ok(())
    }
}
