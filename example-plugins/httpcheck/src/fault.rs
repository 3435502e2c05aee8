//! What can go wrong, and whether another attempt may help.

use std::io;
use std::time::Duration;

use hyper::StatusCode;
use solti_plugin_abi::prelude::*;
use thiserror::Error;

use crate::progress::Step;

/// Why a request did not lead to what is expected.
///
/// No message has the query of a URL or the value of a header in it: they may be secrets.
#[derive(Debug, Error)]
pub(crate) enum Fault {
    /// The server is not there, or not known.
    #[error("{to} cannot be reached: {source}")]
    Unreachable {
        /// Its name and port.
        to: String,
        /// The system's reason.
        source: io::Error,
    },

    /// It took too long.
    #[error("no whole answer within {within:?}: the time was over while {step}")]
    TooSlow {
        /// How long it had.
        within: Duration,
        /// How far it had come.
        step: Step,
    },

    /// The connection ended before the answer did.
    #[error("the connection to {to} broke while {step}: {reason}")]
    Broken {
        /// The server's name and port.
        to: String,
        /// How far it had come.
        step: Step,
        /// What the client saw.
        reason: String,
    },

    /// The system trusts nobody.
    #[error("no roots of trust are on this machine: {reason}; install them, or name a caFile")]
    NoRoots {
        /// Why none was found.
        reason: String,
    },

    /// The server's certificate is not to be trusted.
    #[error("the certificate of {host} {what}")]
    Certificate {
        /// The server's name.
        host: String,
        /// What is wrong with it.
        what: String,
    },

    /// The server's certificate will expire too soon.
    #[error("the certificate of {host} is valid for {days} more days, expected at least {least}")]
    ExpiresSoon {
        /// The server's name.
        host: String,
        /// How long.
        days: i64,
        /// How long it should be.
        least: u32,
    },

    /// No connection of TLS came about, for another reason.
    #[error("no TLS with {to}: {reason}")]
    Tls {
        /// The server's name and port.
        to: String,
        /// The reason.
        reason: String,
    },

    /// What answers does not speak HTTP.
    #[error("{to} does not answer in HTTP/1: {reason}")]
    NotHttp {
        /// The server's name and port.
        to: String,
        /// The reason.
        reason: String,
    },

    /// The answer has another status.
    #[error("{what} answered {status}{}, expected {expected}", later(.after.as_deref()))]
    Status {
        /// The request.
        what: String,
        /// The status.
        status: StatusCode,
        /// Those that were expected.
        expected: String,
        /// When to come again, as the server puts it.
        after: Option<String>,
    },

    /// The answer does not have the text.
    #[error("the body has {bytes} bytes and does not contain {text:?}")]
    NoText {
        /// What was looked for.
        text: String,
        /// How long the body is.
        bytes: u64,
    },

    /// The answer is too long.
    #[error("the body has more than {limit} bytes; maxBodyBytes is how many are read")]
    TooLong {
        /// How many bytes are read.
        limit: u64,
    },

    /// One redirect leads to another.
    #[error("more than {most} redirects, the last one to {to}")]
    TooManyRedirects {
        /// How many are followed.
        most: u32,
        /// Where the last one leads.
        to: String,
    },

    /// A redirect leads nowhere, or where no task may go.
    #[error("{from} redirects, and {what}")]
    Redirect {
        /// What was asked.
        from: String,
        /// What is wrong with where it leads.
        what: String,
    },
}

fn later(after: Option<&str>) -> String {
    after.map_or_else(String::new, |after| format!(" (Retry-After: {after})"))
}

impl Fault {
    /// Whether the next attempt may well succeed, without anyone changing the task, the configuration
    /// or the server.
    fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::TooSlow { .. }
            | Self::Broken { .. }
            | Self::NoText { .. } => true,
            Self::Status { status, .. } => {
                status.is_server_error()
                    || *status == StatusCode::TOO_MANY_REQUESTS
                    || *status == StatusCode::REQUEST_TIMEOUT
            }
            Self::NoRoots { .. }
            | Self::Certificate { .. }
            | Self::ExpiresSoon { .. }
            | Self::Tls { .. }
            | Self::NotHttp { .. }
            | Self::TooLong { .. }
            | Self::TooManyRedirects { .. }
            | Self::Redirect { .. } => false,
        }
    }
}

impl From<Fault> for TaskError {
    fn from(fault: Fault) -> Self {
        let reason = fault.to_string();
        let exit_code = None;
        if fault.may_pass() {
            Self::Fail { reason, exit_code }
        } else {
            Self::Fatal { reason, exit_code }
        }
    }
}
