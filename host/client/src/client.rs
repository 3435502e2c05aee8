//! Requests to a service, and its answers.

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_rustls::rustls::ClientConfig;

use crate::address::Address;
use crate::connect::{Sender, connect};
use crate::error::ClientError;
use crate::tls::{self, TlsFiles};

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(60);

/// What stands in a path or a query as it is.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Talks to one service.
///
/// One connection is kept open between requests. It needs a tokio runtime with its clock and its sockets.
pub struct Client {
    address: Address,
    authorization: Option<HeaderValue>,
    tls: Option<Arc<ClientConfig>>,
    /// The connection that the next request goes through.
    idle: Mutex<Option<Sender>>,
}

impl Client {
    /// A client of the service at an address, which does not connect yet.
    ///
    /// # Errors
    ///
    /// When a file of TLS cannot be used.
    pub fn new(address: Address, files: &TlsFiles) -> Result<Self, ClientError> {
        let tls = match &address {
            Address::Https(_) => Some(tls::config(files)?),
            _ => None,
        };
        Ok(Self {
            address,
            authorization: None,
            tls,
            idle: Mutex::default(),
        })
    }

    /// The same with a token, which is sent to no socket of this machine: its mode says who may connect.
    #[must_use]
    pub fn with_token(mut self, token: &str) -> Self {
        let value = HeaderValue::from_str(&format!("Bearer {}", token.trim()));
        self.authorization = value.ok().map(|mut value| {
            value.set_sensitive(true);
            value
        });
        self
    }

    /// The same with the first token of a file.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or has none.
    pub fn with_token_file(self, path: &Path) -> Result<Self, ClientError> {
        let unusable = |reason: String| ClientError::File {
            what: "token file",
            path: path.to_owned(),
            reason,
        };
        let text = fs::read_to_string(path).map_err(|err| unusable(err.to_string()))?;
        let mut lines = text.lines().map(str::trim);
        let token = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
        match token {
            Some(token) => Ok(self.with_token(token)),
            None => Err(unusable("has no token".to_owned())),
        }
    }

    /// Where the service is.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Asks for what is at a path, as JSON.
    ///
    /// # Errors
    ///
    /// When there is no answer, or another one than was asked for.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        let answer = self.send(Method::GET, path, Bytes::new(), &[]).await?;
        self.read(&answer)
    }

    /// Sends JSON to a path, and reads the answer as JSON.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: impl Into<Bytes>,
        headers: &[(&'static str, &str)],
    ) -> Result<T, ClientError> {
        let answer = self.send(Method::POST, path, body.into(), headers).await?;
        self.read(&answer)
    }

    /// Asks for the text at a path.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn text(&self, path: &str) -> Result<String, ClientError> {
        let answer = self.send(Method::GET, path, Bytes::new(), &[]).await?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    fn read<T: DeserializeOwned>(&self, answer: &[u8]) -> Result<T, ClientError> {
        serde_json::from_slice(answer).map_err(|err| self.not_understood(&err))
    }

    fn not_understood(&self, reason: &dyn fmt::Display) -> ClientError {
        ClientError::NotUnderstood {
            address: self.address.clone(),
            reason: reason.to_string(),
        }
    }

    /// Sends a request, and takes the whole answer.
    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        headers: &[(&'static str, &str)],
    ) -> Result<Bytes, ClientError> {
        let mut idle = self.idle.lock().await;
        let kept = idle.take().filter(|sender| !sender.is_closed());
        let was_kept = kept.is_some();
        let mut sender = match kept {
            Some(sender) => sender,
            None => connect(&self.address, self.tls.as_ref()).await?,
        };
        let request = || self.request(&method, path, body.clone(), "application/json", headers);
        let mut answered = self.exchange(&mut sender, request()?).await;
        // The service may have closed it while nothing was sent; what changes something is not sent twice.
        if was_kept && method == Method::GET && answered.is_err() {
            sender = connect(&self.address, self.tls.as_ref()).await?;
            answered = self.exchange(&mut sender, request()?).await;
        }
        let response = answered?;
        let status = response.status();
        let collected = timeout(ANSWER, response.into_body().collect()).await;
        let body = collected
            .map_err(|_| self.too_slow())?
            .map_err(|err| self.broken(&err))?
            .to_bytes();
        *idle = Some(sender);
        if status.is_success() {
            Ok(body)
        } else {
            Err(self.refused(status.as_u16(), &body))
        }
    }

    /// Asks for what comes bit by bit, through a connection of its own.
    pub(crate) async fn stream(&self, path: &str, accept: &str) -> Result<Incoming, ClientError> {
        let mut sender = connect(&self.address, self.tls.as_ref()).await?;
        let request = self.request(&Method::GET, path, Bytes::new(), accept, &[])?;
        let response = self.exchange(&mut sender, request).await?;
        let status = response.status();
        if status.is_success() {
            return Ok(response.into_body());
        }
        let collected = timeout(ANSWER, response.into_body().collect()).await;
        let body = collected
            .map_err(|_| self.too_slow())?
            .map_err(|err| self.broken(&err))?;
        Err(self.refused(status.as_u16(), &body.to_bytes()))
    }

    fn request(
        &self,
        method: &Method,
        path: &str,
        body: Bytes,
        accept: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Request<Full<Bytes>>, ClientError> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.address.host())
            .header(ACCEPT, accept);
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        if let (Some(authorization), Address::Http(_) | Address::Https(_)) =
            (&self.authorization, &self.address)
        {
            request = request.header(AUTHORIZATION, authorization);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request
            .body(Full::new(body))
            .map_err(|err| self.not_understood(&err))
    }

    async fn exchange(
        &self,
        sender: &mut Sender,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, ClientError> {
        let answering = async {
            sender.ready().await?;
            sender.send_request(request).await
        };
        timeout(ANSWER, answering)
            .await
            .map_err(|_| self.too_slow())?
            .map_err(|err| self.broken(&err))
    }

    fn too_slow(&self) -> ClientError {
        ClientError::TooSlow {
            address: self.address.clone(),
            limit: ANSWER,
        }
    }

    pub(crate) fn broken(&self, err: &dyn std::error::Error) -> ClientError {
        let source = err.source().map(|source| format!(": {source}"));
        ClientError::Broken {
            address: self.address.clone(),
            reason: format!("{err}{}", source.unwrap_or_default()),
        }
    }

    fn refused(&self, status: u16, body: &[u8]) -> ClientError {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let error = &body["error"];
        match (error["code"].as_str(), error["message"].as_str()) {
            (Some(code), Some(message)) => ClientError::Refused {
                status,
                code: code.to_owned(),
                message: message.to_owned(),
            },
            _ => self.not_understood(&format_args!("status {status}")),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// A name as it stands in a path.
#[must_use]
pub fn in_path(name: &str) -> String {
    utf8_percent_encode(name, KEPT).to_string()
}

/// A path with a query; no query where there is nothing in it.
#[must_use]
pub fn with_query<'a>(path: &str, pairs: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let mut all = path.to_owned();
    for (at, (name, value)) in pairs.into_iter().enumerate() {
        all.push(if at == 0 { '?' } else { '&' });
        all.push_str(name);
        all.push('=');
        all.push_str(&in_path(&value));
    }
    all
}
