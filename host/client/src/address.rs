//! Where a service is.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use thiserror::Error;

/// Where a service is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Address {
    /// At a Unix socket.
    Unix(PathBuf),
    /// At a host and port, over HTTP.
    Http(String),
    /// At a host and port, over TLS.
    Https(String),
}

/// A text that is no address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "is {text:?}, expected http://HOST:PORT, https://HOST:PORT, or the path of a Unix socket, such as \
     unix:/run/solti/service.sock"
)]
pub struct AddressError {
    text: String,
}

impl Address {
    /// Where a service of this machine listens that was installed as a package: the first of these sockets
    /// that is there.
    #[must_use]
    pub fn of_this_machine() -> Option<Self> {
        let there = Self::SOCKETS.iter().map(Path::new).find(|it| it.exists());
        there.map(|path| Self::Unix(path.to_owned()))
    }

    /// Where [`of_this_machine`](Self::of_this_machine) looks.
    pub const SOCKETS: [&str; 2] = ["/run/solti/service.sock", "/var/lib/solti/service.sock"];

    /// What a request calls the service.
    pub(crate) fn host(&self) -> &str {
        match self {
            Self::Unix(_) => "localhost",
            Self::Http(host) | Self::Https(host) => host,
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let wrong = || AddressError {
            text: text.to_owned(),
        };
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return (!path.is_empty())
                .then(|| Self::Unix(path.into()))
                .ok_or_else(wrong);
        }
        // No other address has a slash in it and no scheme in front.
        let is_path = text.trim_end_matches('/').contains('/') && !text.contains("://");
        if text.starts_with(['/', '.']) || is_path {
            return Ok(Self::Unix(text.into()));
        }
        let (is_tls, rest) = match text.split_once("://") {
            Some(("http", rest)) => (false, rest),
            Some(("https", rest)) => (true, rest),
            Some(_) => return Err(wrong()),
            None => (false, text),
        };
        let host = rest.strip_suffix('/').unwrap_or(rest);
        let is_host = !host.is_empty()
            && host
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte));
        let has_port = host.rsplit_once(':').is_some_and(|(name, port)| {
            !name.is_empty() && port.parse::<u16>().is_ok() && !name.ends_with(':')
        });
        match (is_host && has_port, is_tls) {
            (true, false) => Ok(Self::Http(host.to_owned())),
            (true, true) => Ok(Self::Https(host.to_owned())),
            (false, _) => Err(wrong()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Http(host) => write!(f, "http://{host}"),
            Self::Https(host) => write!(f, "https://{host}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_a_service_prints_it_and_as_people_type_it() {
        for (text, shown) in [
            ("unix:/run/a.sock", "unix:/run/a.sock"),
            ("unix:///run/a.sock", "unix:/run/a.sock"),
            ("/run/a.sock", "unix:/run/a.sock"),
            ("./a.sock", "unix:./a.sock"),
            ("state/a.sock", "unix:state/a.sock"),
            ("http://127.0.0.1:7480", "http://127.0.0.1:7480"),
            ("https://solti.example:443/", "https://solti.example:443"),
            ("localhost:7480", "http://localhost:7480"),
            ("http://[::1]:7480", "http://[::1]:7480"),
        ] {
            let address = text.parse::<Address>().map(|it| it.to_string());
            assert_eq!(address.as_deref(), Ok(shown));
        }
        for text in [
            "",
            "unix:",
            "localhost",
            "http://localhost",
            "ftp://localhost:1",
            "http://a b:1",
            "http://a:1/path",
            "http://:7480",
            "http://a:70000",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
