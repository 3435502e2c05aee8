//! The operator's engine, and calls to it that end.

mod find;
mod message;
mod process;

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) use find::{KNOWN, find};
pub(crate) use message::message;
pub(crate) use process::Process;
use solti_plugin_abi::os_error::PAUSES;
use solti_plugin_abi::process::Program;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::sleep;

use crate::config::Config;
use crate::fault::Fault;

/// An engine that has told which one it is.
#[derive(Debug)]
pub(crate) struct Engine {
    program: PathBuf,
    global_args: Vec<String>,
    /// The configured runtime, for engines that take it at `run`.
    run_runtime: Option<String>,
    is_podman: bool,
    timeout: Duration,
}

impl Engine {
    /// Asks `program` which engine it is, whatever its file is called.
    ///
    /// # Errors
    ///
    /// When it does not answer as an engine does.
    pub(crate) async fn connect(program: PathBuf, config: &Config) -> Result<Self, Fault> {
        let mut engine = Self {
            program,
            global_args: Vec::new(),
            run_runtime: config.runtime.clone(),
            is_podman: false,
            timeout: config.engine_timeout(),
        };
        let version = engine.call(&["--version"]).await?;
        engine.is_podman = version.to_ascii_lowercase().starts_with("podman");
        engine.global_args.clone_from(&config.global_args);
        // Podman chooses the runtime of all its commands, the others that of a container.
        if engine.is_podman
            && let Some(runtime) = engine.run_runtime.take()
        {
            engine.global_args.push(format!("--runtime={runtime}"));
        }
        Ok(engine)
    }

    /// The arguments of `run` that are this engine's own.
    pub(crate) fn run_args(&self) -> Vec<String> {
        let mut args = Vec::new();
        if let Some(runtime) = &self.run_runtime {
            args.push(format!("--runtime={runtime}"));
        }
        if self.is_podman {
            // It would hand the host's proxy variables to the container.
            args.push("--http-proxy=false".to_owned());
        }
        args
    }

    /// A command of the engine with these arguments: nothing to read, its output piped.
    pub(crate) fn command<A: Into<OsString>>(&self, args: impl IntoIterator<Item = A>) -> Program {
        Program::new(&self.program)
            .args(&self.global_args)
            .args(args)
    }

    /// Starts a command; where the machine has no room for it, that is waited for a little.
    ///
    /// # Errors
    ///
    /// [`Fault::NoRoom`], [`Fault::Unstartable`] and [`Fault::TooLong`].
    pub(crate) async fn start(&self, command: &Program) -> Result<Process, Fault> {
        let mut pauses = PAUSES.iter();
        loop {
            let err = match Process::start(command) {
                Ok(process) => return Ok(process),
                Err(err) => err,
            };
            let program = self.program.clone();
            let reason = err.to_string();
            match pauses.next() {
                Some(pause) if err.may_pass() => sleep(*pause).await,
                _ if err.may_pass() => return Err(Fault::NoRoom { program, reason }),
                _ if err.io().kind() == ErrorKind::ArgumentListTooLong => {
                    return Err(Fault::TooLong { reason });
                }
                _ => return Err(Fault::Unstartable { program, reason }),
            }
        }
    }

    /// Makes a call and returns what it prints.
    ///
    /// # Errors
    ///
    /// [`Fault::Hung`] when the call takes longer than the operator gives it, [`Fault::Refused`]
    /// when it fails, and those of [`start`](Self::start).
    pub(crate) async fn call(&self, args: &[&str]) -> Result<String, Fault> {
        self.call_within(self.timeout, args).await
    }

    /// A call whose own work takes up to `work`.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub(crate) async fn call_taking(&self, work: Duration, args: &[&str]) -> Result<String, Fault> {
        self.call_within(work + self.timeout, args).await
    }

    async fn call_within(&self, within: Duration, args: &[&str]) -> Result<String, Fault> {
        match tokio::time::timeout(within, self.call_unbounded(args)).await {
            Ok(answer) => answer,
            Err(_) => Err(Fault::Hung {
                call: self.title(args),
                within,
            }),
        }
    }

    /// A call that takes as long as it takes. Dropping the future kills it.
    ///
    /// # Errors
    ///
    /// [`Fault::Refused`], and those of [`start`](Self::start).
    pub(crate) async fn call_unbounded(&self, args: &[&str]) -> Result<String, Fault> {
        let mut process = self.start(&self.command(args)).await?;
        let (stdout, stderr) = process.take_output();
        let (mut answer, mut complaint) = (Vec::new(), Vec::new());
        let output = async {
            tokio::join!(read(stdout, &mut answer), read(stderr, &mut complaint));
        };
        match process.end(output).await {
            Ok(status) if status.success() => Ok(String::from_utf8_lossy(&answer).into_owned()),
            Ok(status) => Err(Fault::Refused {
                call: self.title(args),
                message: message(&String::from_utf8_lossy(&complaint), status),
            }),
            Err(err) => Err(Fault::Refused {
                call: self.title(args),
                message: err.to_string(),
            }),
        }
    }

    /// Checks that the engine can do its work at all.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub(crate) async fn check(&self) -> Result<(), Fault> {
        self.call(&["ps", "--quiet"]).await.map(drop)
    }

    /// How an error names a call: the program and the subcommand.
    fn title(&self, args: &[&str]) -> String {
        let program = self.program.file_name().unwrap_or_default();
        let mut title = program.to_string_lossy().into_owned();
        for (position, arg) in args.iter().enumerate() {
            if position > 0 && (arg.starts_with('-') || position > 1) {
                break;
            }
            title.push(' ');
            title.push_str(arg);
        }
        title
    }
}

/// Reads a pipe to its end; what an engine prints is short.
async fn read(pipe: impl AsyncRead + Unpin, bytes: &mut Vec<u8>) {
    // Of a pipe that breaks, what came before is the answer.
    let _ = pipe.take(1 << 20).read_to_end(bytes).await;
}
