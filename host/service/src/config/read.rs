//! Reads a configuration file, and says what is wrong with it.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::settings::{Config, Discover, QueueSettings};

/// What is wrong with a configuration.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is no TOML, or a field of it is wrong.
    #[error("{}: {field}: {reason}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Where: the path of the field, or the line.
        field: String,
        /// What is wrong.
        reason: String,
    },
    /// A value that cannot be worked with.
    #[error("{field}: {reason}")]
    Unusable {
        /// The field.
        field: &'static str,
        /// What is wrong, and what to do.
        reason: String,
    },
}

fn unusable(field: &'static str, reason: impl Into<String>) -> ConfigError {
    ConfigError::Unusable {
        field,
        reason: reason.into(),
    }
}

impl Config {
    /// Reads a TOML file. Relative paths in it begin where the process works.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or something in it is wrong.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let invalid = |field: String, reason: String| ConfigError::Invalid {
            path: path.to_owned(),
            field,
            reason,
        };
        let document = toml::Deserializer::parse(&text).map_err(|err| {
            let before = err.span().map_or("", |span| &text[..span.start]);
            let line = before.matches('\n').count() + 1;
            invalid(format!("line {line}"), err.message().to_owned())
        })?;
        let config: Self = serde_path_to_error::deserialize(document).map_err(|err| {
            let field = err.path().to_string();
            invalid(field, err.into_inner().message().to_owned())
        })?;
        config.check()?;
        Ok(config)
    }

    /// All addresses that it listens on over TCP.
    pub(crate) fn tcp(&self) -> impl Iterator<Item = &SocketAddr> {
        self.listen.iter().chain(&self.grpc)
    }

    /// The first of some addresses at which anybody could have tasks run: no token is asked for, nor a
    /// certificate, and it is no loopback address.
    pub(crate) fn open_to_all(
        &self,
        mut addresses: impl Iterator<Item = SocketAddr>,
    ) -> Option<SocketAddr> {
        let is_certified = self.tls.as_ref().is_some_and(|tls| tls.client_ca.is_some());
        if !self.no_auth || is_certified {
            return None;
        }
        addresses.find(|it| !it.ip().is_loopback())
    }

    /// Looks for values that no service can work with. Touches nothing.
    ///
    /// # Errors
    ///
    /// The first of them.
    pub fn check(&self) -> Result<(), ConfigError> {
        if let Some(open) = self.open_to_all(self.tcp().copied()) {
            return Err(unusable(
                "no_auth",
                format!(
                    "{open} is no loopback address, and others can reach it: leave no_auth out"
                ),
            ));
        }
        if self.no_auth && (self.token_file.is_some() || !self.tokens.is_empty()) {
            return Err(unusable(
                "no_auth",
                "a file of tokens is given as well: leave one of the two out",
            ));
        }
        if let Some(discover) = &self.discover {
            check_discover(discover)?;
        }
        if let Some(queue) = &self.queue {
            check_queue(queue)?;
        }
        #[cfg(not(feature = "grpc"))]
        if !self.grpc.is_empty() {
            return Err(unusable(
                "grpc",
                "this program was built without it: leave it out, or build with the feature grpc",
            ));
        }
        let zero = [
            ("max_tasks", self.max_tasks),
            ("jobs", self.jobs.unwrap_or(1)),
            ("limits.connections", self.limits.connections),
            ("limits.readers", self.limits.readers),
        ]
        .into_iter()
        .find(|(_, value)| *value == 0);
        if let Some((field, _)) = zero {
            return Err(unusable(field, "is 0, expected 1 or more"));
        }
        if self.output.per_task < SMALLEST_OUTPUT {
            return Err(unusable(
                "output.per_task",
                format!(
                    "is {} bytes, expected {SMALLEST_OUTPUT} or more",
                    self.output.per_task
                ),
            ));
        }
        if self.output.total < self.output.per_task {
            return Err(unusable(
                "output.total",
                "is less than output.per_task, expected room for one task at least",
            ));
        }
        Ok(())
    }
}

fn check_discover(discover: &Discover) -> Result<(), ConfigError> {
    #[cfg(not(feature = "discover"))]
    if !discover.control.is_empty() {
        return Err(unusable(
            "discover",
            "this program was built without it: leave it out, or build with the feature discover",
        ));
    }
    let is_secure = discover.control.starts_with("https://");
    if !is_secure && !discover.control.starts_with("http://") {
        return Err(unusable(
            "discover.control",
            format!(
                "is {:?}, expected an address such as https://podium.example",
                discover.control
            ),
        ));
    }
    if discover.token_file.is_some() && !is_secure {
        return Err(unusable(
            "discover.token_file",
            "would send the token as it is over http: say https, or leave it out",
        ));
    }
    if discover.interval.is_zero() {
        return Err(unusable("discover.interval", "is 0s, expected 1s or more"));
    }
    Ok(())
}

fn check_queue(queue: &QueueSettings) -> Result<(), ConfigError> {
    #[cfg(not(feature = "queue"))]
    if !queue.urls.is_empty() {
        return Err(unusable(
            "queue",
            "this program was built without it: leave it out, or build with the feature queue",
        ));
    }
    #[cfg(feature = "queue")]
    if let Err(err) = queue.address().servers() {
        return Err(unusable("queue.urls", err.to_string()));
    }
    if queue.certificate.is_some() != queue.key.is_some() {
        return Err(unusable(
            "queue.key",
            "a certificate and its key come together: give both, or neither",
        ));
    }
    Ok(())
}

/// What the output of one task needs at least: a few blocks.
const SMALLEST_OUTPUT: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "all of it is tests")]

    use super::*;

    /// What is said of a file with this text, after the file's name.
    fn said(text: &str) -> String {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("serve.toml");
        fs::write(&path, text).unwrap();
        match Config::read(&path) {
            Ok(_) => "nothing".to_owned(),
            Err(err) => err
                .to_string()
                .replace(&format!("{}: ", path.display()), ""),
        }
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_with_its_field_and_what_was_expected() {
        let with = |more: &str| said(&format!("plugins = 'p'\nstate = 's'\n{more}"));
        for (more, expected) in [
            ("", "nothing"),
            ("grace = '5s'\n[output]\nper_task = '64MiB'", "nothing"),
            (
                "grace = 5",
                "grace: invalid type: integer `5`, expected a time such as \"10s\"",
            ),
            (
                "[output]\non_full = 'panic'",
                "output.on_full: unknown variant `panic`, expected `drop` or `wait`",
            ),
            (
                "[output]\ntotal = 'much'",
                "output.total: invalid value: string \"much\", expected a number of bytes, or text such \
                 as \"64MiB\"",
            ),
            (
                "no_auth = true\nlisten = ['127.0.0.1:1', '0.0.0.0:7480']",
                "no_auth: 0.0.0.0:7480 is no loopback address, and others can reach it: leave no_auth out",
            ),
            ("jobs = 0", "jobs: is 0, expected 1 or more"),
        ] {
            assert_eq!(with(more), expected, "{more}");
        }
        assert!(said("plugins = 'p'").contains("missing field `state`"));
        assert!(with("jbos = 1").contains("unknown field `jbos`"));
        assert!(said("plugins = ").starts_with("line 1: "));
    }
}
