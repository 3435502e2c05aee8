//! One run of a task: `ssh`, its end, its outcome.

use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Instant;

use solti_plugin_abi::instruments::{Counter, Histogram};
use solti_plugin_abi::os_error::PAUSES;
use solti_plugin_abi::prelude::*;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::complaint;
use crate::fault::Fault;
use crate::job::Job;
use crate::marks::{self, Marks};
use crate::output::{Heard, Listener};
use crate::script::script;
use crate::session::Session;

static SESSIONS: Counter = Counter::new("ssh_sessions_total");
static CONNECT_SECONDS: Histogram = Histogram::new("ssh_connect_seconds");

impl Job {
    /// Runs one attempt. Dropping the future kills `ssh`; the command ends with the connection.
    pub(crate) async fn run(self: Arc<Self>, attempt: Attempt) -> Result<(), TaskError> {
        let started = Instant::now();
        let session = tokio::select! {
            // Looked at first: an attempt that was cancelled before it began asks nobody.
            biased;
            () = attempt.cancelled() => return Err(TaskError::Canceled),
            session = self.start(&attempt) => session,
        };
        let mut session = session.map_err(|fault| self.failure(&attempt, fault, None))?;
        let ended = tokio::select! {
            // Looked at first: a command that never stops writing must not put it off.
            biased;
            () = attempt.cancelled() => {
                session.stop(self.config.stop_grace()).await;
                SESSIONS.add(1.0, &[("end", "canceled")]);
                return Err(TaskError::Canceled);
            }
            ended = session.wait(self.config.linger()) => ended,
        };
        let heard = session.heard();
        let connected = heard.begun.map(|begun| begun.duration_since(started));
        if let Some(connected) = connected {
            CONNECT_SECONDS.observe(connected.as_secs_f64(), &[]);
        }
        let outcome = connected.map(|it| {
            let ms = u64::try_from(it.as_millis()).unwrap_or(u64::MAX);
            AttemptOutcome::default().with_detail("connectMs", ms)
        });
        match self.code(ended, &heard) {
            Ok(code) => self.verdict(&attempt, code, outcome.unwrap_or_default()),
            Err(fault) => Err(self.failure(&attempt, fault, outcome)),
        }
    }

    /// Starts `ssh`. Where the machine has no room for it, that is waited for a little.
    async fn start(&self, attempt: &Attempt) -> Result<Session, Fault> {
        let mut pauses = PAUSES.iter();
        loop {
            let mark = marks::new_mark();
            let script = script(&self.command, &self.env, &mark, self.config.stop_grace());
            let [stdout, stderr] = [StreamKind::Stdout, StreamKind::Stderr].map(|stream| {
                attempt
                    .lines(stream)
                    .with_max_line_bytes(self.config.max_line_bytes())
            });
            let listener = Listener {
                stdout,
                stderr,
                marks: Marks::new(&mark),
                host: self.target.host.clone(),
                heard: watch::Sender::default(),
            };
            match (
                Session::start(&self.client, script, listener),
                pauses.next(),
            ) {
                (Ok(session), _) => return Ok(session),
                (Err(err), Some(pause)) if err.may_pass() => sleep(*pause).await,
                (Err(err), _) => {
                    return Err(Fault::NotStarted {
                        program: self.config.program.clone(),
                        reason: err.to_string(),
                        may_pass: err.may_pass(),
                    });
                }
            }
        }
    }

    /// The exit code of the command, or why there is none.
    fn code(
        &self,
        ended: std::io::Result<Option<ExitStatus>>,
        heard: &Heard,
    ) -> Result<i32, Fault> {
        // What it says of its end counts, not what became of ssh since.
        if let Some(code) = heard.code {
            return Ok(code);
        }
        let said = String::from_utf8_lossy(&heard.tail);
        let status = match ended {
            Ok(Some(status)) => status,
            Ok(None) => ExitStatus::default(),
            Err(err) => {
                return Err(Fault::Untold {
                    reason: err.to_string(),
                });
            }
        };
        if status.code().is_none() {
            return Err(Fault::Killed {
                status: status.to_string(),
            });
        }
        Err(match heard.begun {
            Some(_) => complaint::of_end(&said, &self.target),
            None => complaint::of_beginning(&said, status, &self.target),
        })
    }

    fn verdict(
        &self,
        attempt: &Attempt,
        code: i32,
        mut outcome: AttemptOutcome,
    ) -> Result<(), TaskError> {
        outcome.exit_code = Some(code);
        attempt.set_outcome(outcome);
        SESSIONS.add(
            1.0,
            &[("end", if code == 0 { "success" } else { "failure" })],
        );
        if code == 0 || !self.fail_on_non_zero {
            return Ok(());
        }
        Err(TaskError::Fail {
            reason: format!("the command exited with code {code} on {}", self.target),
            exit_code: Some(code),
        })
    }

    /// A fault in the supervisor's terms, counted.
    fn failure(
        &self,
        attempt: &Attempt,
        fault: Fault,
        outcome: Option<AttemptOutcome>,
    ) -> TaskError {
        let cause = fault.cause();
        attempt.set_outcome(outcome.unwrap_or_default().with_detail("error", cause));
        SESSIONS.add(1.0, &[("end", cause)]);
        if let Some(kind) = fault.kind() {
            self.metrics
                .record_runner_error(RunnerType::custom("ssh"), kind);
        }
        fault.into()
    }
}
