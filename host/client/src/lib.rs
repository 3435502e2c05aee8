//! Talks to a service that runs tasks through plugins: `solti-host serve`.
//!
//! ```no_run
//! use solti_plugin_client::{Client, TlsFiles};
//!
//! # async fn client() -> Result<(), Box<dyn std::error::Error>> {
//! let address = "unix:/run/solti/service.sock".parse()?;
//! let client = Client::new(address, &TlsFiles::default())?;
//! let tasks: serde_json::Value = client.get("/v1/tasks").await?;
//! # Ok(())
//! # }
//! ```
//!
//! | module | what it owns |
//! |---|---|
//! | `address` | where a service is |
//! | `connect`, `tls` | connections |
//! | `client` | requests and answers |
//! | `frames` | the form in which services keep output |
//! | `output` | the output of a task, which goes on where a connection broke |

mod address;
mod client;
mod connect;
mod error;
mod frames;
mod output;
mod tls;

pub use address::{Address, AddressError};
pub use client::{Client, in_path, with_query};
pub use error::ClientError;
pub use frames::{Event, Frames, NoFrames};
pub use output::{Output, Wanted};
pub use tls::TlsFiles;
