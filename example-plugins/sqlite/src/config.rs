//! What an operator can set, in the table `config` of the sidecar `sqlite.toml`.

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use solti_plugin_abi::PluginConfig;

/// The plugin's configuration; every field has a default.
#[derive(Debug, Clone, PluginConfig)]
pub(crate) struct Config {
    /// The directories in which databases may be; without any, there are only those in memory.
    #[config(default)]
    pub(crate) databases: Vec<PathBuf>,
    /// The directories in which files of SQL may be.
    #[config(default)]
    pub(crate) scripts: Vec<PathBuf>,
    /// Whether a script may attach other databases of these directories.
    #[config(default)]
    pub(crate) attach: bool,
    /// How many scripts run at once.
    #[config(default = 8)]
    pub(crate) max_connections: NonZeroUsize,
    /// How many connections are kept for scripts to come.
    #[config(default = 8)]
    pub(crate) idle_connections: usize,
    /// How long a statement waits for others that hold its database, in milliseconds.
    #[config(default = 5_000)]
    busy_timeout_ms: u32,
    /// The most rows a script may print, where a task does not set less.
    #[config(default = 1_000_000)]
    pub(crate) max_rows: NonZeroU64,
    /// The longest value, in bytes.
    #[config(default = 16 << 20)]
    pub(crate) max_value_bytes: NonZeroU32,
}

impl Config {
    /// Checks what serde cannot.
    ///
    /// # Errors
    ///
    /// The field and what is wrong with it.
    pub(crate) fn checked(self) -> Result<Self, String> {
        for (field, directories) in [("databases", &self.databases), ("scripts", &self.scripts)] {
            for (at, directory) in directories.iter().enumerate() {
                if !directory.is_absolute() {
                    return Err(format!(
                        "config.{field}[{at}]: {directory:?} is no absolute path; what it is relative \
                         to would depend on where the host was started"
                    ));
                }
            }
        }
        if i32::try_from(self.max_value_bytes.get()).is_err() {
            return Err(format!(
                "config.max_value_bytes: {} is more than SQLite can have, {}",
                self.max_value_bytes,
                i32::MAX
            ));
        }
        Ok(self)
    }

    /// How long a statement waits for others that hold its database.
    pub(crate) fn busy_timeout(&self) -> Duration {
        Duration::from_millis(self.busy_timeout_ms.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Config, String> {
        serde_json::from_str::<Config>(json).unwrap().checked()
    }

    #[test]
    fn an_empty_configuration_means_the_defaults_of_the_readme() {
        let config = read("{}").unwrap();
        assert!(config.databases.is_empty() && config.scripts.is_empty() && !config.attach);
        assert_eq!(
            (config.max_connections.get(), config.idle_connections),
            (8, 8)
        );
        assert_eq!(config.busy_timeout(), Duration::from_secs(5));
        assert_eq!(config.max_rows.get(), 1_000_000);
        assert_eq!(config.max_value_bytes.get(), 16 << 20);
    }

    #[test]
    fn what_is_no_place_and_no_limit_is_refused_by_its_field() {
        assert_eq!(
            read(r#"{"databases": ["/srv", "data"]}"#).unwrap_err(),
            "config.databases[1]: \"data\" is no absolute path; what it is relative to would depend \
             on where the host was started"
        );
        assert_eq!(
            read(r#"{"max_value_bytes": 4000000000}"#).unwrap_err(),
            "config.max_value_bytes: 4000000000 is more than SQLite can have, 2147483647"
        );
    }
}
