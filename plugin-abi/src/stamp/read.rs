//! Reads a stamp's text.

use serde::{Deserialize, Serialize};
use solti_model::Labels;
use thiserror::Error;

use super::key;
use crate::config::{ConfigSchema, MAX_SCHEMA_BYTES};
use crate::kinds::Kinds;
use crate::text::is_plain;
use crate::v1::runner::format;

/// The longest name of a plugin or a runner, version or key of a label, in bytes.
pub const MAX_NAME_BYTES: usize = 128;

/// The longest other value, in bytes: that of a label, or a list of kinds.
pub const MAX_VALUE_BYTES: usize = 4_096;

/// What a plugin file says of itself.
///
/// All of its texts are fit to be printed: a stamp with control or invisible characters cannot be
/// read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Stamp {
    /// The number of the ABI it was built for.
    pub abi: u32,
    /// The plugin's name.
    pub plugin: String,
    /// The plugin's version.
    pub version: String,
    /// The version of the SDK it was built with.
    pub sdk: String,
    /// The compiler, as `rustc --version` prints it.
    pub rustc: String,
    /// The target triple.
    pub target: String,
    /// The optimisation level.
    pub opt_level: String,
    /// The panic strategy; only a plugin with [`UNWIND`](super::UNWIND) can be loaded.
    pub panic: String,
    /// The forms of a spec that it reads, as the numbers of
    /// [`v1::runner::format`](crate::v1::runner::format); those that this version does not know among
    /// them.
    pub formats: Vec<u32>,
    /// What its configuration may be; `None` where it does not say.
    pub config: Option<ConfigSchema>,
    /// Its runners, in the order in which they are registered; at least one.
    pub runners: Vec<StampedRunner>,
}

/// What a plugin file says of one runner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StampedRunner {
    /// The runner's name.
    pub name: String,
    /// The kinds it takes.
    pub kinds: Kinds,
    /// Whether the kinds alone decide, so that `supports` need not be asked.
    pub by_kind: bool,
    /// Its default labels.
    pub labels: Labels,
}

/// Why a stamp cannot be read.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum StampError {
    /// It is not text.
    #[error("the stamp is not UTF-8 text")]
    NotText,
    /// A line has no `=`.
    #[error("line {line} of the stamp has no '=': {found:?}")]
    NoPair {
        /// The number of the line, from 1.
        line: usize,
        /// The line, its first 80 characters.
        found: String,
    },
    /// A line has a character that would act on a terminal, or hide from whoever reads it.
    #[error("line {line} of the stamp has a control or invisible character: {found:?}")]
    NotPlain {
        /// The number of the line, from 1.
        line: usize,
        /// The line, its first 80 characters.
        found: String,
    },
    /// A name or a value is longer than any that a person would give.
    #[error("the stamp has a '{key}' of {len} bytes, expected {limit} at most")]
    TooLong {
        /// The key.
        key: &'static str,
        /// The length of its value in bytes.
        len: usize,
        /// The longest.
        limit: usize,
    },
    /// A key that must be there is not.
    #[error("the stamp has no '{0}'")]
    Missing(&'static str),
    /// The description of the configuration is none.
    #[error("the stamp's 'config' is no schema: {0}")]
    NoSchema(String),
    /// A value does not fit its key.
    #[error("the stamp has {key}={found:?}, expected {expected}")]
    BadValue {
        /// The key.
        key: &'static str,
        /// The value.
        found: String,
        /// What would be right.
        expected: &'static str,
    },
}

impl Stamp {
    /// Reads only the ABI number: all that can be relied on in a stamp of another version.
    ///
    /// # Errors
    ///
    /// [`StampError`] when the text has no readable `abi` line.
    pub fn read_abi(text: &[u8]) -> Result<u32, StampError> {
        let text = str::from_utf8(text).map_err(|_| StampError::NotText)?;
        let value = text
            .lines()
            .filter_map(|line| line.split_once('='))
            .find_map(|(key, value)| (key == key::ABI).then_some(value))
            .ok_or(StampError::Missing(key::ABI))?;
        value.parse().map_err(|_| StampError::BadValue {
            key: key::ABI,
            found: value.to_owned(),
            expected: "a number",
        })
    }

    /// Reads the stamp of this version of the ABI. Keys that it does not know are skipped.
    ///
    /// # Errors
    ///
    /// [`StampError`] for the first thing that is wrong.
    pub fn read(text: &[u8]) -> Result<Self, StampError> {
        let abi = Self::read_abi(text)?;
        let text = str::from_utf8(text).map_err(|_| StampError::NotText)?;
        let mut stamp = Self {
            abi,
            plugin: String::new(),
            version: String::new(),
            sdk: String::new(),
            rustc: String::new(),
            target: String::new(),
            opt_level: String::new(),
            panic: String::new(),
            formats: Vec::new(),
            config: None,
            runners: Vec::new(),
        };
        for (number, line) in (1..).zip(text.lines()) {
            let found = || line.chars().take(80).collect();
            if !line.split(key::LABEL_SEPARATOR).all(is_plain) {
                return Err(StampError::NotPlain {
                    line: number,
                    found: found(),
                });
            }
            let (key, value) = line.split_once('=').ok_or_else(|| StampError::NoPair {
                line: number,
                found: found(),
            })?;
            stamp.take(key, value)?;
        }
        for (key, value) in [(key::PLUGIN, &stamp.plugin), (key::VERSION, &stamp.version)] {
            if value.is_empty() {
                return Err(StampError::Missing(key));
            }
        }
        if stamp.runners.is_empty() {
            return Err(StampError::Missing(key::RUNNER));
        }
        if stamp.formats.is_empty() {
            stamp.formats.push(format::TASK_SPEC);
        }
        Ok(stamp)
    }

    fn take(&mut self, key: &str, value: &str) -> Result<(), StampError> {
        for name in [key::PLUGIN, key::VERSION, key::RUNNER] {
            if key == name {
                check_len(name, value, MAX_NAME_BYTES)?;
            }
        }
        for other in [
            key::SDK,
            key::RUSTC,
            key::TARGET,
            key::OPT_LEVEL,
            key::PANIC,
        ] {
            if key == other {
                check_len(other, value, MAX_VALUE_BYTES)?;
            }
        }
        let field = match key {
            key::PLUGIN => &mut self.plugin,
            key::VERSION => &mut self.version,
            key::SDK => &mut self.sdk,
            key::RUSTC => &mut self.rustc,
            key::TARGET => &mut self.target,
            key::OPT_LEVEL => &mut self.opt_level,
            key::PANIC => &mut self.panic,
            key::SPEC => {
                // What is no number is of a later version, too.
                self.formats.extend(
                    value
                        .split(',')
                        .filter_map(|format| format.parse::<u32>().ok()),
                );
                return Ok(());
            }
            key::CONFIG => {
                check_len(key::CONFIG, value, MAX_SCHEMA_BYTES)?;
                let schema = ConfigSchema::parse(value).map_err(StampError::NoSchema)?;
                self.config = Some(schema);
                return Ok(());
            }
            key::RUNNER => {
                self.runners.push(StampedRunner {
                    name: value.to_owned(),
                    kinds: Kinds::NONE,
                    by_kind: false,
                    labels: Labels::new(),
                });
                return Ok(());
            }
            key::KINDS | key::SUPPORTS | key::LABEL => {
                let runner = self.runners.last_mut();
                return runner
                    .ok_or(StampError::Missing(key::RUNNER))?
                    .take(key, value);
            }
            _ => return Ok(()),
        };
        *field = value.to_owned();
        Ok(())
    }
}

impl StampedRunner {
    fn take(&mut self, key: &str, value: &str) -> Result<(), StampError> {
        match key {
            key::KINDS => {
                check_len(key::KINDS, value, MAX_VALUE_BYTES)?;
                self.kinds = Kinds::parse(value);
            }
            key::SUPPORTS => self.by_kind = value == key::BY_KIND,
            _ => {
                let (label, value) =
                    value
                        .split_once(key::LABEL_SEPARATOR)
                        .ok_or_else(|| StampError::BadValue {
                            key: key::LABEL,
                            found: value.to_owned(),
                            expected: "a key, a tab and a value",
                        })?;
                check_len(key::LABEL, label, MAX_NAME_BYTES)?;
                check_len(key::LABEL, value, MAX_VALUE_BYTES)?;
                if !is_plain(value) {
                    return Err(StampError::BadValue {
                        key: key::LABEL,
                        found: value.to_owned(),
                        expected: "a value without control or invisible characters",
                    });
                }
                self.labels.insert(label, value);
            }
        }
        Ok(())
    }
}

fn check_len(key: &'static str, value: &str, limit: usize) -> Result<(), StampError> {
    let len = value.len();
    if len <= limit {
        return Ok(());
    }
    Err(StampError::TooLong { key, len, limit })
}

#[cfg(test)]
mod tests;
