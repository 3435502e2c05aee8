//! What an operator can set, in the table `config` of the sidecar `container.toml`.

mod run_args;

use std::num::NonZeroU32;
use std::time::Duration;

use solti_plugin_abi::{DEFAULT_MAX_LINE_BYTES, PluginConfig, stop_grace};

/// The grace that engines give by themselves, in seconds.
const MOST_GRACE: u64 = 10;

/// The plugin's configuration; every field has a default.
#[derive(Debug, Clone, PluginConfig)]
pub(crate) struct Config {
    /// The engine, a name in `PATH` or a path; without it, the first of those we know.
    pub(crate) engine: Option<String>,
    /// The engine's OCI runtime.
    pub(crate) runtime: Option<String>,
    /// Arguments of every call to the engine, before the subcommand.
    #[config(default)]
    pub(crate) global_args: Vec<String>,
    /// More arguments of `run`, behind those of the plugin: engines take the last of two.
    #[config(default)]
    pub(crate) run_args: Vec<String>,
    /// The network of the containers.
    #[config(default = "none")]
    pub(crate) network: String,
    /// When an image is pulled.
    #[config(default = "missing")]
    pub(crate) pull: Pull,
    /// The most memory a container may have, in the engine's notation.
    pub(crate) memory: Option<String>,
    /// The most processors a container may use.
    pub(crate) cpus: Option<f64>,
    /// Whether the root file system of containers cannot be written.
    #[config(default)]
    pub(crate) read_only: bool,
    /// The user in the container.
    pub(crate) user: Option<String>,
    /// How long a container may take to end by itself once it is asked to, in seconds.
    /// Without it, what the host leaves room for, as engines do it at most.
    stop_grace_seconds: Option<u32>,
    /// The longest line of output, in bytes, that is passed on whole.
    #[config(default = DEFAULT_MAX_LINE_BYTES)]
    max_line_bytes: NonZeroU32,
    /// How long the engine may take to answer anything but `run` and `pull`, in seconds.
    #[config(default = 30)]
    engine_timeout_seconds: NonZeroU32,
}

/// When an image is pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PluginConfig)]
pub(crate) enum Pull {
    /// When it is not on this machine.
    Missing,
    /// Before each attempt.
    Always,
    /// Never: the operator puts images in place.
    Never,
}

impl Config {
    /// Checks what serde cannot.
    ///
    /// # Errors
    ///
    /// The field and what is wrong with it.
    pub(crate) fn checked(self) -> Result<Self, String> {
        for (field, value) in [
            ("engine", self.engine.as_deref()),
            ("runtime", self.runtime.as_deref()),
            ("network", Some(self.network.as_str())),
            ("user", self.user.as_deref()),
        ] {
            if value.is_some_and(str::is_empty) {
                return Err(format!("config.{field}: is empty; leave it out instead"));
            }
        }
        run_args::check(&self.run_args)?;
        if let Some(memory) = &self.memory
            && !is_size(memory)
        {
            return Err(format!(
                "config.memory: {memory:?} is not a size: expected a number followed by b, k, m or \
                 g, such as \"256m\""
            ));
        }
        if let Some(cpus) = self.cpus
            && !(cpus.is_finite() && cpus > 0.0)
        {
            return Err(format!(
                "config.cpus: {cpus} is not a number of processors: expected one above zero"
            ));
        }
        Ok(self)
    }

    /// How long a container may take to end once it is asked to; zero kills it at once.
    pub(crate) fn stop_grace(&self) -> Duration {
        let seconds = self.stop_grace_seconds.map_or_else(
            // Engines count in seconds.
            || stop_grace().as_secs().clamp(1, MOST_GRACE),
            u64::from,
        );
        Duration::from_secs(seconds)
    }

    /// The longest line of output, in bytes, that is passed on whole.
    pub(crate) fn max_line_bytes(&self) -> usize {
        self.max_line_bytes.get() as usize
    }

    /// How long the engine may take to answer.
    pub(crate) fn engine_timeout(&self) -> Duration {
        Duration::from_secs(self.engine_timeout_seconds.get().into())
    }
}

/// Whether `text` is a size as all engines read it.
fn is_size(text: &str) -> bool {
    let unit = ['b', 'k', 'm', 'g', 'B', 'K', 'M', 'G'];
    let number = text.strip_suffix(unit).unwrap_or(text);
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(json: &str) -> String {
        serde_json::from_str::<Config>(json)
            .unwrap()
            .checked()
            .unwrap_err()
    }

    #[test]
    fn an_empty_configuration_means_the_defaults_of_the_readme() {
        let config: Config = serde_json::from_str("{}").unwrap();
        let config = config.checked().unwrap();
        assert_eq!(config.network, "none");
        assert_eq!(config.pull, Pull::Missing);
        assert!(!config.read_only);
        // Four fifths of what a supervisor waits where it does not say otherwise.
        assert_eq!(config.stop_grace(), Duration::from_secs(4));
        assert_eq!(config.engine_timeout(), Duration::from_secs(30));
        assert_eq!(config.max_line_bytes(), DEFAULT_MAX_LINE_BYTES);
    }

    #[test]
    fn a_value_that_the_engine_would_refuse_later_is_refused_now() {
        assert_eq!(
            refusal(r#"{"memory":"much"}"#),
            "config.memory: \"much\" is not a size: expected a number followed by b, k, m or g, \
             such as \"256m\""
        );
        assert_eq!(
            refusal(r#"{"cpus":0}"#),
            "config.cpus: 0 is not a number of processors: expected one above zero"
        );
        assert_eq!(
            refusal(r#"{"network":""}"#),
            "config.network: is empty; leave it out instead"
        );
        for memory in ["64m", "1073741824", "2g", "512k", "256M", "1G", "7B"] {
            assert!(is_size(memory), "{memory}");
        }
        assert!(!is_size("m") && !is_size("-1m") && !is_size("1 g") && !is_size("1mM"));
    }
}
