//! What an operator can set, in the table `config` of the sidecar `subprocess.toml`.

use std::num::NonZeroU32;
use std::time::Duration;

use solti_plugin_abi::{DEFAULT_MAX_LINE_BYTES, PluginConfig, stop_grace};

/// The plugin's configuration; every field has a default.
#[derive(Debug, Clone, PluginConfig)]
pub(crate) struct Config {
    /// The longest line of output, in bytes, that is passed on whole.
    #[config(default = DEFAULT_MAX_LINE_BYTES)]
    max_line_bytes: NonZeroU32,
    /// How long a cancelled task may take to end by itself, in milliseconds; 0 kills it at once. Without it,
    /// four fifths of the time that the host gives it.
    stop_grace_ms: Option<u64>,
    /// What ends a task.
    #[config(default = "process")]
    pub(crate) ends_with: EndsWith,
    /// How long the output of a task is read on, in milliseconds, when its process has ended and others
    /// still hold it.
    #[config(default = 5_000)]
    linger_ms: u64,
}

/// What ends a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PluginConfig)]
pub(crate) enum EndsWith {
    /// The process that was started; what it leaves behind may hold the output for a while.
    Process,
    /// The last process that can write to the output.
    Output,
}

impl Config {
    /// The longest line of output, in bytes, that is passed on whole.
    pub(crate) fn max_line_bytes(&self) -> usize {
        self.max_line_bytes.get() as usize
    }

    /// How long a cancelled task may take to end by itself; zero kills it at once.
    pub(crate) fn stop_grace(&self) -> Duration {
        self.stop_grace_ms
            .map_or_else(stop_grace, Duration::from_millis)
    }

    /// How long the output is read on once the process has ended, where that ends the task.
    pub(crate) fn linger(&self) -> Duration {
        Duration::from_millis(self.linger_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_configuration_means_the_defaults() {
        let config: Config = serde_json::from_str("{}").unwrap();
        assert_eq!(config.max_line_bytes(), DEFAULT_MAX_LINE_BYTES);
        // Four fifths of what a supervisor waits where it does not say otherwise.
        assert_eq!(config.stop_grace(), Duration::from_secs(4));
        assert_eq!(config.ends_with, EndsWith::Process);
        assert_eq!(config.linger(), Duration::from_secs(5));
    }

    #[test]
    fn a_misspelt_field_is_not_taken_for_a_default() {
        let err = serde_json::from_str::<Config>(r#"{"stop_grace":1}"#).unwrap_err();
        assert!(
            err.to_string().starts_with(
                "unknown field `stop_grace`, expected one of `max_line_bytes`, `stop_grace_ms`, \
                 `ends_with`, `linger_ms`"
            ),
            "{err}"
        );
    }

    #[test]
    fn a_limit_of_no_bytes_at_all_is_refused() {
        let err = serde_json::from_str::<Config>(r#"{"max_line_bytes":0}"#).unwrap_err();
        assert!(
            err.to_string()
                .starts_with("invalid value: integer `0`, expected a nonzero u32"),
            "{err}"
        );
    }
}
