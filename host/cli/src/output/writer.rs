//! The one thread that writes.

use std::io::{self, ErrorKind, Write};
use std::thread::{self, JoinHandle};

use tokio::sync::mpsc::{self, Receiver, error::TryRecvError};
use tokio_util::sync::CancellationToken;

use super::format::{Format, Target};
use super::stream::Message;
use crate::present::style;

/// Bytes after which a buffer is written even though more events wait.
const FULL: usize = 64 * 1024;

/// Messages that may wait for the writer, a batch of events each. Only what waits takes memory.
const WAITING: usize = 1024;

/// What the output looks like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) format: Format,
    pub(crate) stdout_colour: bool,
    pub(crate) stderr_colour: bool,
}

/// The writing thread, seen from outside.
pub(crate) struct Writer {
    messages: mpsc::Sender<Message>,
    thread: JoinHandle<Option<io::Error>>,
    /// Cancelled when standard output takes nothing any more.
    closed: CancellationToken,
}

impl Output {
    pub(crate) fn new(format: Format) -> Self {
        Self {
            format,
            stdout_colour: style::stdout_has_colour(),
            stderr_colour: style::stderr_has_colour(),
        }
    }
}

impl Writer {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub(crate) fn start(output: Output) -> io::Result<Self> {
        let (messages, receiver) = mpsc::channel(WAITING);
        let closed = CancellationToken::new();
        let buffers = Buffers {
            output,
            stdout: Vec::with_capacity(2 * FULL),
            stderr: Vec::new(),
            failed: None,
            closed: closed.clone(),
        };
        let thread = thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || buffers.write_all_of(receiver))?;
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

    /// Cancelled when standard output takes nothing any more.
    pub(crate) fn closed(&self) -> &CancellationToken {
        &self.closed
    }

    /// Waits until everything is written.
    ///
    /// # Errors
    ///
    /// Why standard output took something not, unless its reader went away.
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
    output: Output,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    failed: Option<io::Error>,
    closed: CancellationToken,
}

impl Buffers {
    /// Writes what comes until nobody can send any more; then why standard output failed, if it did.
    fn write_all_of(mut self, mut messages: Receiver<Message>) -> Option<io::Error> {
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
                    if let Some(target) = self.output.format.target(event) {
                        let Output {
                            format,
                            stderr_colour,
                            ..
                        } = self.output;
                        format.append(&source, event, stderr_colour, self.buffer(target));
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
