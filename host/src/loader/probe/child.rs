//! The probe itself: the process in which a plugin runs for the first time.
//!
//! Standard input is the plugin's file, standard output the channel to the host, standard error
//! the plugin's last words. Nothing here trusts the plugin to return, or to leave anything as it was.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::mem::ManuallyDrop;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use rustix::io::fcntl_dupfd_cloexec;
use rustix::stdio;
use tracing::Level;
use tracing::level_filters::LevelFilter;

use super::descriptors::Descriptors;
use super::limits;
use super::wire::{Answer, HOST, Request};
use crate::exit::exit_now;
use crate::loader::connect::{self, Connection, Description};
use crate::loader::error::OpenError;
use crate::loader::open;
use crate::services::log::{PluginLog, PluginRecord};

/// The channel's descriptor is moved beyond those that a program usually has, where there may be so
/// many, and otherwise beyond the standard streams.
const FIRST_OF_CHANNEL: i32 = 200;
const FIRST_OF_ALL: i32 = 3;

/// The exit code when the host could not be understood or not be told; one that programs do not use.
pub(super) const NO_HOST: u8 = 113;

/// Does what the host at the other end of standard output asks for, and ends the process.
pub(super) fn run() -> ! {
    let code = match serve() {
        Ok(()) => 0,
        Err(_) => NO_HOST,
    };
    exit_now(code)
}

fn serve() -> io::Result<()> {
    limits::end_with_parent();
    // The plugin may close it, and what is closed twice ends the process before its exit code.
    let mut channel = ManuallyDrop::new(take_stdout()?);
    let mut request = Vec::new();
    channel.read_to_end(&mut request)?;
    let request: Request = serde_json::from_slice(&request)?;
    limits::set(&request)?;
    let host = HOST.to_owned();
    tell(&mut channel, &request, &Answer::Ready { host })?;
    let answer = try_plugin(&request);
    tell(&mut channel, &request, &answer)
}

/// Keeps the channel for itself and points standard output at standard error: what a plugin prints
/// must not end up among the answers.
fn take_stdout() -> io::Result<UnixStream> {
    let channel = fcntl_dupfd_cloexec(io::stdout(), FIRST_OF_CHANNEL)
        .or_else(|_| fcntl_dupfd_cloexec(io::stdout(), FIRST_OF_ALL))?;
    stdio::dup2_stdout(io::stderr())?;
    Ok(UnixStream::from(channel))
}

fn tell(channel: &mut UnixStream, request: &Request, answer: &Answer) -> io::Result<()> {
    channel.write_all(answer.to_line(&request.nonce).as_bytes())
}

fn try_plugin(request: &Request) -> Answer {
    let before = Descriptors::note();
    let answer = describe(request).map_or_else(|refusal| refusal, Answer::Described);
    let changed = before.changed();
    if changed.is_empty() {
        answer
    } else {
        Answer::Descriptors { changed }
    }
}

fn describe(request: &Request) -> Result<Description, Answer> {
    let refused = Answer::NotOpened;
    let file = io::stdin().as_fd().try_clone_to_owned().map_err(|err| {
        refused(OpenError::Refused {
            reason: format!("the probe has no file: {err}"),
        })
    })?;
    // The plugin may close it, and a file that is closed twice ends the process.
    let file = ManuallyDrop::new(File::from(file));
    let opened = open::open_alone(&request.path, file).map_err(refused)?;
    opened.check_identity().map_err(refused)?;
    let module = opened.root_module().map_err(refused)?;
    let connection = Connection {
        config: request.config.clone(),
        worker_threads: request.worker_threads,
        log: Arc::new(LastWords),
    };
    let plugin = connect::construct(module, &request.plugin, connection, || {})
        .map_err(Answer::NotConnected)?;
    let description = Description::of(&plugin);
    // The host drops its runners, too: when it ends, or when what comes after refuses the plugin.
    drop(plugin);
    Ok(description)
}

/// Errors that a plugin logs go where the host looks when the process dies.
struct LastWords;

impl PluginLog for LastWords {
    fn max_level(&self) -> LevelFilter {
        LevelFilter::ERROR
    }

    fn enabled(&self, _: &str, level: Level, _: &str) -> bool {
        level == Level::ERROR
    }

    fn record(&self, record: &PluginRecord<'_>) {
        writeln!(io::stderr(), "{}", record.message).ok();
    }
}
