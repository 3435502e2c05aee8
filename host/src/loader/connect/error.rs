//! Why a plugin could not be connected.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::source::{ConfigPlace, ConfigSource};
use crate::loader::refusal::{Advice, Cause, LoaderOption, Refusal};

/// Why a plugin could not be connected. It displays as the fact alone.
#[derive(Debug, Error, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ConnectError {
    /// Its constructor returned an error.
    #[error("{reason}")]
    Refused {
        /// What the plugin said.
        reason: String,
        /// Where the field of its configuration is to be corrected that this is about, if it is.
        place: Option<ConfigPlace>,
    },
    /// Its constructor panicked.
    #[error("plugin '{plugin}' panicked while it was constructed: {reason}")]
    Panicked {
        /// The plugin.
        plugin: String,
        /// The panic's message and place.
        reason: String,
    },
    /// It is not the plugin its stamp describes.
    #[error("its stamp says {what} {stamped:?}, the plugin itself says {found:?}")]
    NotAsStamped {
        /// What differs.
        what: String,
        /// As the stamp has it.
        stamped: String,
        /// As the plugin has it.
        found: String,
    },
}

impl ConnectError {
    /// What the plugin has to say against its configuration: it does so itself, or by its stamp.
    pub(in crate::loader) fn refused(reason: String) -> Self {
        Self::Refused {
            reason,
            place: None,
        }
    }

    /// Adds where the configuration comes from that the plugin may be about.
    pub(in crate::loader) fn about(mut self, config: &ConfigSource) -> Self {
        if let Self::Refused { reason, place } = &mut self {
            *place = config.place_of(reason);
        }
        self
    }
}

impl Refusal for ConnectError {
    fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "refused_by_plugin",
            Self::Panicked { .. } => "panicked",
            Self::NotAsStamped { .. } => "not_as_stamped",
        }
    }

    fn advice(&self) -> Advice {
        match self {
            Self::Refused { reason, place } => of_plugin(
                reason,
                match place {
                    Some(ConfigPlace::Sidecar(file)) => {
                        Advice::new(format!("correct it in {file}"))
                    }
                    Some(ConfigPlace::Host) => Advice::new("correct it").with(LoaderOption::Config),
                    Some(ConfigPlace::Nowhere(file)) => {
                        Advice::new(format!("give it under [config] in {file}"))
                    }
                    None => {
                        Advice::new("correct its configuration, or provide what it says is missing")
                    }
                },
            ),
            Self::Panicked { reason, .. } => {
                of_plugin(reason, Advice::new("report it to the plugin's author"))
            }
            Self::NotAsStamped { .. } => Advice::new("build it again"),
        }
    }
}

/// What to do where a plugin said `reason`, which may be something that the machine lacks.
fn of_plugin(reason: &str, otherwise: Advice) -> Advice {
    match Cause::shortage_in(reason) {
        Some(cause) => cause.advice("do that", otherwise),
        None => otherwise,
    }
}
