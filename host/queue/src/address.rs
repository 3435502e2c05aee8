//! Which servers, and as whom.

use std::path::PathBuf;

use async_nats::{ConnectOptions, ServerAddr};

use crate::error::QueueError;

/// Which servers keep the queue, and as whom they are asked.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct QueueAddress {
    /// Servers of one cluster: `nats://HOST:PORT`, or `tls://HOST:PORT`; each may have several, with commas.
    pub urls: Vec<String>,
    /// A file of credentials, as `nsc` writes it: a token of a user, and its key.
    pub credentials: Option<PathBuf>,
    /// A file with a token.
    pub token_file: Option<PathBuf>,
    /// Trusts servers that an authority of this PEM file vouches for, beside those of the system.
    pub ca: Option<PathBuf>,
    /// The client's certificate and its key, for servers that ask for one.
    pub identity: Option<(PathBuf, PathBuf)>,
}

impl QueueAddress {
    /// Servers that ask for nothing, or for what is in their URLs.
    #[must_use]
    pub fn new(urls: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            urls: urls.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// The servers as they are shown: without passwords.
    #[must_use]
    pub fn shown(&self) -> String {
        let urls = self.each().map(|url| {
            let (scheme, rest) = url.split_once("://").unwrap_or(("nats", url));
            let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
            format!("{scheme}://{host}")
        });
        urls.collect::<Vec<_>>().join(", ")
    }

    fn each(&self) -> impl Iterator<Item = &str> {
        self.urls
            .iter()
            .flat_map(|urls| urls.split(','))
            .map(str::trim)
            .filter(|url| !url.is_empty())
    }

    /// The servers.
    ///
    /// # Errors
    ///
    /// When one is no address.
    pub fn servers(&self) -> Result<Vec<ServerAddr>, QueueError> {
        let servers = self.each().map(|url| {
            let wrong = |reason: &str| QueueError::Address {
                address: url.to_owned(),
                reason: format!("{reason}; expected nats://HOST:PORT or tls://HOST:PORT"),
            };
            if let Some((scheme, _)) = url.split_once("://")
                && !["nats", "tls"].contains(&scheme)
            {
                return Err(wrong(&format!("{scheme} is another protocol")));
            }
            url.parse::<ServerAddr>()
                .map_err(|err| wrong(&err.to_string()))
        });
        let servers: Vec<_> = servers.collect::<Result<_, _>>()?;
        if servers.is_empty() {
            return Err(QueueError::Address {
                address: self.urls.join(","),
                reason: "there is no server in it; expected nats://HOST:PORT".to_owned(),
            });
        }
        Ok(servers)
    }

    /// What a connection is opened with.
    pub(crate) async fn options(&self, name: &str) -> Result<ConnectOptions, QueueError> {
        let mut options = ConnectOptions::new().name(name);
        let of_file = |path: &PathBuf, reason: String| QueueError::NotReached {
            address: self.shown(),
            reason: format!("{}: {reason}", path.display()),
        };
        // The client takes none out of the address.
        let servers = self.servers()?;
        let user = servers
            .iter()
            .find_map(|it| it.username().zip(it.password()));
        if let Some((user, password)) = user {
            options = options.user_and_password(user.to_owned(), password.to_owned());
        }
        if let Some(path) = &self.credentials {
            let text = std::fs::read_to_string(path);
            let text = text.map_err(|err| of_file(path, err.to_string()))?;
            options = options
                .credentials(&text)
                .map_err(|err| of_file(path, format!("is no file of credentials: {err}")))?;
        }
        if let Some(path) = &self.token_file {
            let token = std::fs::read_to_string(path);
            let token = token.map_err(|err| of_file(path, err.to_string()))?;
            options = options.token(token.trim().to_owned());
        }
        if let Some(path) = &self.ca {
            options = options.add_root_certificates(path.clone());
        }
        if let Some((certificate, key)) = &self.identity {
            options = options.add_client_certificate(certificate.clone(), key.clone());
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown_and_what_is_no_address_is_told() {
        let address = QueueAddress::new(["nats://me:secret@a:4222,b:4223", "tls://c:4222"]);
        assert_eq!(
            address.shown(),
            "nats://a:4222, nats://b:4223, tls://c:4222"
        );
        assert_eq!(address.servers().expect("they are").len(), 3);
        let wrong = QueueAddress::new(["http://a:1"])
            .servers()
            .expect_err("it is none");
        assert_eq!(
            wrong.to_string(),
            "\"http://a:1\" is no address of a queue: http is another protocol; expected nats://HOST:PORT or \
             tls://HOST:PORT"
        );
    }
}
