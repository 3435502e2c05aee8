//! A client of HTTP, over a Unix socket or TCP: what it sends and gets is in the tests' hands.
//!
//! It panics where a service does not answer: whoever uses it has started that.

use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

/// How long an answer may take.
const SOON: Duration = Duration::from_secs(60);

/// Where a service listens.
#[derive(Debug, Clone)]
pub enum Client {
    /// On a Unix socket.
    Unix(PathBuf),
    /// On TCP.
    Tcp(SocketAddr),
}

/// What a service answered, whole.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// An answer whose body is still to come.
pub struct Streaming {
    /// The status.
    pub status: u16,
    headers: Vec<(String, String)>,
    body: Box<dyn Read>,
}

impl Client {
    /// Connects, for who sends what no client would.
    ///
    /// # Panics
    ///
    /// When nobody listens.
    #[must_use]
    pub fn connect(&self) -> Box<dyn ReadWrite> {
        self.try_connect().expect("the service answers")
    }

    fn try_connect(&self) -> io::Result<Box<dyn ReadWrite>> {
        Ok(match self {
            Self::Unix(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(Some(SOON))?;
                Box::new(stream)
            }
            Self::Tcp(address) => {
                let stream = TcpStream::connect(address)?;
                stream.set_read_timeout(Some(SOON))?;
                Box::new(stream)
            }
        })
    }

    /// Sends a request, and reads the whole answer.
    ///
    /// # Panics
    ///
    /// When there is none.
    #[must_use]
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.try_send(method, path, headers, body)
            .expect("the service answers")
    }

    /// As [`send`](Self::send), to a service that may be gone.
    ///
    /// # Errors
    ///
    /// When there is no answer, or no whole one.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Answer> {
        let mut streaming = self.try_stream(method, path, headers, body)?;
        let mut whole = Vec::new();
        streaming.body.read_to_end(&mut whole)?;
        Ok(Answer {
            status: streaming.status,
            headers: streaming.headers,
            body: whole,
        })
    }

    /// Sends a request, and reads the head of the answer.
    ///
    /// # Panics
    ///
    /// When there is none.
    #[must_use]
    pub fn stream(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Streaming {
        self.try_stream(method, path, headers, body)
            .expect("the service answers")
    }

    fn try_stream(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Streaming> {
        let mut stream = self.try_connect()?;
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "Host") {
            head += "Host: localhost\r\n";
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!(
            "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        // One that is refused for its length may be answered before it was sent whole.
        let _ = stream.write_all(body);
        Streaming::try_read(stream)
    }
}

/// A connection.
pub trait ReadWrite: Read + Write {}
impl<T: Read + Write> ReadWrite for T {}

impl Streaming {
    /// Reads the head of an answer.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn read(stream: impl Read + 'static) -> Self {
        Self::try_read(stream).expect("the service answers")
    }

    fn try_read(stream: impl Read + 'static) -> io::Result<Self> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|it| it.parse().ok());
        let status = status.ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            headers.push((name.to_lowercase(), value.to_owned()));
        }
        let is_chunked = headers
            .iter()
            .any(|(name, value)| name == "transfer-encoding" && value == "chunked");
        let body: Box<dyn Read> = if is_chunked {
            Box::new(Chunks { reader, left: 0 })
        } else {
            Box::new(reader)
        };
        Ok(Self {
            status,
            headers,
            body,
        })
    }

    /// Its events, each as name, id and data, as they come.
    ///
    /// # Panics
    ///
    /// When they are none.
    pub fn events(self) -> impl Iterator<Item = (String, String, Value)> {
        assert_eq!(self.status, 200);
        let mut lines = BufReader::new(self.body).lines();
        std::iter::from_fn(move || {
            let (mut name, mut id, mut data) = (String::new(), String::new(), None);
            loop {
                let line = lines.next()?.expect("the service answers");
                if let Some(text) = line.strip_prefix("event: ") {
                    name = text.to_owned();
                } else if let Some(text) = line.strip_prefix("id: ") {
                    id = text.to_owned();
                } else if let Some(text) = line.strip_prefix("data: ") {
                    data = Some(serde_json::from_str(text).expect("the service answers"));
                } else if line.is_empty()
                    && let Some(data) = data.take()
                {
                    return Some((name, id, data));
                }
            }
        })
    }
}

impl Answer {
    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|err| panic!("{err}: {}", self.text()))
    }

    /// A header, whose name is written small.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Status, code and message of an error of the service's own API.
    #[must_use]
    pub fn error(&self) -> (u16, String, String) {
        let error = &self.json()["error"];
        let text = |field: &str| error[field].as_str().unwrap_or_default().to_owned();
        (self.status, text("code"), text("message"))
    }
}

/// A body that comes in chunks.
struct Chunks<R> {
    reader: R,
    left: usize,
}

impl<R: std::io::BufRead> Read for Chunks<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 {
            let mut line = String::new();
            self.reader.read_line(&mut line)?;
            if line.trim().is_empty() {
                line.clear();
                self.reader.read_line(&mut line)?;
            }
            let size = usize::from_str_radix(line.trim(), 16);
            self.left = size.map_err(std::io::Error::other)?;
            if self.left == 0 {
                return Ok(0);
            }
        }
        let most = buffer.len().min(self.left);
        let read = self.reader.read(&mut buffer[..most])?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read;
        Ok(read)
    }
}
