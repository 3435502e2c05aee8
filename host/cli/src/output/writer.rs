//! The one thread that writes.

use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use solti_model::OutputEvent;
use tokio::sync::mpsc::{self, Receiver, error::TryRecvError};
use tokio_util::sync::CancellationToken;

use super::format::{Format, Target};
use super::source::Source;

/// Bytes after which a buffer is written even though more events wait.
const FULL: usize = 64 * 1024;

/// Messages that may wait for the writer, a batch of events each. Only what waits takes memory.
const WAITING: usize = 1024;

/// What the thread is given to write.
#[derive(Debug)]
pub(crate) enum Message {
    /// Events of a task, in order.
    Events(Arc<Source>, Vec<OutputEvent>),
    /// A line about the run, for standard error.
    Note(String),
}

/// The writing thread, seen from outside.
pub(crate) struct Writer {
    messages: mpsc::Sender<Message>,
    thread: JoinHandle<Option<io::Error>>,
    /// Cancelled when standard output can no longer be written.
    closed: CancellationToken,
}

impl Writer {
    /// Starts the thread; notes are coloured if `colour`.
    ///
    /// # Errors
    ///
    /// When the system refuses a thread.
    pub(crate) fn start(format: Format, colour: bool) -> io::Result<Self> {
        let (messages, receiver) = mpsc::channel(WAITING);
        let closed = CancellationToken::new();
        let buffers = Buffers {
            format,
            colour,
            stdout: Vec::with_capacity(2 * FULL),
            stderr: Vec::new(),
            failed: None,
            closed: closed.clone(),
        };
        let thread = thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || buffers.run(receiver))?;
        Ok(Self {
            messages,
            thread,
            closed,
        })
    }

    /// The way to the thread.
    pub(crate) fn messages(&self) -> &mpsc::Sender<Message> {
        &self.messages
    }

    /// Cancelled when standard output can no longer be written.
    pub(crate) fn closed(&self) -> &CancellationToken {
        &self.closed
    }

    /// Waits until everything is written.
    ///
    /// # Errors
    ///
    /// Why standard output could not be written, unless its reader went away.
    pub(crate) fn finish(self) -> io::Result<()> {
        drop(self.messages);
        match self.thread.join() {
            Ok(None) => Ok(()),
            Ok(Some(err)) => Err(err),
            Err(_) => Err(io::Error::other("the writing thread panicked")),
        }
    }
}

/// What is not written yet.
struct Buffers {
    format: Format,
    /// Whether notes are coloured.
    colour: bool,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    failed: Option<io::Error>,
    closed: CancellationToken,
}

impl Buffers {
    /// Writes what comes until nobody can send any more; then why standard output failed, if it did.
    fn run(mut self, mut messages: Receiver<Message>) -> Option<io::Error> {
        loop {
            let message = match messages.try_recv() {
                Ok(message) => message,
                Err(TryRecvError::Disconnected) => break,
                Err(TryRecvError::Empty) => {
                    self.flush();
                    match messages.blocking_recv() {
                        Some(message) => message,
                        None => break,
                    }
                }
            };
            self.take(message);
        }
        self.flush();
        self.failed
            .take_if(|err| err.kind() != ErrorKind::BrokenPipe)
    }

    fn take(&mut self, message: Message) {
        if self.closed.is_cancelled() {
            return;
        }
        match message {
            Message::Events(source, events) => {
                for event in &events {
                    if let Some(target) = self.format.target(event) {
                        let (format, colour) = (self.format, self.colour);
                        format.append(&source, event, colour, self.buffer(target));
                        self.flush_full();
                    }
                }
            }
            Message::Note(note) => {
                let stderr = self.buffer(Target::Stderr);
                stderr.extend_from_slice(note.as_bytes());
                stderr.push(b'\n');
            }
        }
    }

    /// The buffer of `target`, the other one being empty: on a terminal the two mix, and lines must
    /// keep their order.
    fn buffer(&mut self, target: Target) -> &mut Vec<u8> {
        let other_waits = match target {
            Target::Stdout => !self.stderr.is_empty(),
            Target::Stderr => !self.stdout.is_empty(),
        };
        if other_waits {
            self.flush();
        }
        match target {
            Target::Stdout => &mut self.stdout,
            Target::Stderr => &mut self.stderr,
        }
    }

    fn flush_full(&mut self) {
        if self.stdout.len() >= FULL || self.stderr.len() >= FULL {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if !self.stdout.is_empty() && self.failed.is_none() {
            let mut stdout = io::stdout().lock();
            if let Err(err) = stdout.write_all(&self.stdout).and_then(|()| stdout.flush()) {
                self.failed = Some(err);
                self.closed.cancel();
            }
        }
        self.stdout.clear();
        if !self.stderr.is_empty() {
            // Nobody is left to be told when standard error is gone.
            io::stderr().write_all(&self.stderr).ok();
            self.stderr.clear();
        }
    }
}
