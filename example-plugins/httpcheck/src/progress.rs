//! How far an attempt has come: what its outcome says, and an error that is about time.

use std::fmt;
use std::time::{Duration, Instant};

use hyper::StatusCode;
use solti_plugin_abi::AttemptOutcome;

/// What an attempt is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Finding the server and connecting to it.
    Connecting,
    /// Agreeing on TLS.
    Securing,
    /// Sending, and waiting for the head of the answer.
    Waiting,
    /// Reading the body.
    Reading,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connecting => "connecting",
            Self::Securing => "agreeing on TLS",
            Self::Waiting => "waiting for the answer",
            Self::Reading => "reading the body",
        })
    }
}

/// What is known of an attempt so far. The times are those of the last request, where redirects led on.
#[derive(Debug)]
pub(crate) struct Progress {
    began: Instant,
    pub(crate) step: Step,
    pub(crate) connect: Option<Duration>,
    pub(crate) tls: Option<Duration>,
    pub(crate) first_byte: Option<Duration>,
    pub(crate) status: Option<StatusCode>,
    pub(crate) certificate_days: Option<i64>,
    pub(crate) redirects: u32,
    pub(crate) body_bytes: u64,
    pub(crate) retry_after: Option<String>,
}

impl Progress {
    pub(crate) fn begin() -> Self {
        Self {
            began: Instant::now(),
            step: Step::Connecting,
            connect: None,
            tls: None,
            first_byte: None,
            status: None,
            certificate_days: None,
            redirects: 0,
            body_bytes: 0,
            retry_after: None,
        }
    }

    /// How long it has taken.
    pub(crate) fn took(&self) -> Duration {
        self.began.elapsed()
    }

    /// What the supervisor learns of it.
    pub(crate) fn outcome(&self) -> AttemptOutcome {
        let ms = |time: Duration| (time.as_secs_f64() * 1e6).round() / 1e3;
        let mut outcome = AttemptOutcome::default()
            .with_detail("totalMs", ms(self.took()))
            .with_detail("redirects", self.redirects)
            .with_detail("bodyBytes", self.body_bytes);
        if let Some(status) = self.status {
            outcome = outcome.with_detail("status", status.as_u16());
        }
        for (name, time) in [
            ("connectMs", self.connect),
            ("tlsMs", self.tls),
            ("firstByteMs", self.first_byte),
        ] {
            if let Some(time) = time {
                outcome = outcome.with_detail(name, ms(time));
            }
        }
        if let Some(days) = self.certificate_days {
            outcome = outcome.with_detail("certificateDays", days);
        }
        if let Some(after) = &self.retry_after {
            outcome = outcome.with_detail("retryAfter", after.as_str());
        }
        outcome
    }
}
