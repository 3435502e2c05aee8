//! Children that lead a process group of their own, so that they end with everything they started.
//!
//! A runner that starts programs has to stop them too: at a timeout, when a task is cancelled, when
//! its future is dropped. Killing the child alone leaves behind what the child has started. A
//! [`GroupChild`] leads a group, its signals go to the whole group, and it can neither be left
//! running nor stay behind as a zombie.
//!
//! A [`Program`] is started so that no terminal stops it, and tells what is wrong when it cannot be.
//! [`GroupChild::spawn`] takes any command of the standard library, and gives it a group only. Both
//! start it by `posix_spawn`: nothing here has to run between `fork` and `exec`, and a `fork` would
//! copy the page tables of a large host for each child.
//!
//! This module needs Unix and the feature `process`.
//!
//! # Examples
//!
//! A child is asked to end and, if it has not done so after five seconds, is killed:
//!
//! ```
//! use std::process::Command;
//! use std::time::Duration;
//!
//! use solti_plugin_abi::process::GroupChild;
//! use tokio::time::timeout;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let mut child = GroupChild::spawn(Command::new("sleep").arg("600"))?;
//! child.terminate();
//! if timeout(Duration::from_secs(5), child.exited()).await.is_err() {
//!     child.kill();
//! }
//! child.exited().await?;
//! assert_eq!(child.reap()?.to_string(), "signal: 15 (SIGTERM)");
//! # Ok(())
//! # }
//! ```
//!
//! Output is read as that of any child. For tokio it is converted once:
//!
//! ```
//! use std::process::{Command, Stdio};
//!
//! use solti_plugin_abi::process::GroupChild;
//! use tokio::io::AsyncReadExt;
//! use tokio::process::ChildStdout;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let mut child = GroupChild::spawn(Command::new("echo").arg("hello").stdout(Stdio::piped()))?;
//! let stdout = child.take_stdout().expect("it is piped, and taken once");
//! let mut text = String::new();
//! ChildStdout::from_std(stdout)?.read_to_string(&mut text).await?;
//! child.exited().await?;
//! assert!(child.reap()?.success());
//! assert_eq!(text, "hello\n");
//! # Ok(())
//! # }
//! ```

mod child;
mod children;
mod exit;
mod group;
mod open_files;
mod program;
mod signals;
mod stat;

pub use child::GroupChild;
#[doc(hidden)]
pub use group::kill_group_of;
pub use program::{Program, StartError};
pub use signals::GroupSignals;
pub use stat::Stat;
