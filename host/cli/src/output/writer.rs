//! The one thread that writes.

use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use solti_plugin_host::output::{TapBlock, TapEvent};
use tokio::sync::mpsc::{self, Receiver, error::TryRecvError};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::format::{Format, Target};
use super::room::Room;
use super::source::Source;
use crate::stdio::{Stderr, Stdout};

/// Bytes after which a buffer is written even though more waits.
const FULL: usize = 64 * 1024;

/// Messages that may wait for the writer, a block each. What waits besides waits in the taps.
const WAITING: usize = 16;

/// What the thread is given to write.
#[derive(Debug)]
pub(crate) enum Message {
    /// What a task's tap has handed out, in order.
    Event(Arc<Source>, TapEvent, Room),
    /// A task is over, and so is its output.
    End(Arc<Source>),
    /// A line about the run, for standard error.
    Note(String),
    /// An object about the run, for standard output.
    Object(String),
}

/// The writing thread, seen from outside.
pub(crate) struct Writer {
    messages: mpsc::Sender<Message>,
    ended: oneshot::Receiver<Option<io::Error>>,
    /// Cancelled when standard output can no longer be written.
    closed: CancellationToken,
    blocked: Arc<Blocked>,
}

/// Since when the writer waits for whoever reads.
#[derive(Debug, Default)]
pub(crate) struct Blocked(Mutex<Option<Instant>>);

impl Blocked {
    /// How long a write has been under way; `None` where none is.
    pub(crate) fn for_how_long(&self) -> Option<Duration> {
        self.0.lock().map(|since| since.elapsed())
    }

    fn during<T>(&self, write: impl FnOnce() -> T) -> T {
        *self.0.lock() = Some(Instant::now());
        let written = write();
        *self.0.lock() = None;
        written
    }
}

impl Writer {
    /// Starts the thread; notes are coloured if `colour`, and left out if `quiet`.
    ///
    /// # Errors
    ///
    /// When the system refuses a thread.
    pub(crate) fn start(format: Format, quiet: bool, colour: bool) -> io::Result<Self> {
        let (messages, receiver) = mpsc::channel(WAITING);
        let (end, ended) = oneshot::channel();
        let closed = CancellationToken::new();
        let blocked = Arc::new(Blocked::default());
        let buffers = Buffers {
            format,
            quiet,
            colour,
            stdout: Vec::new(),
            stderr: Vec::new(),
            failed: None,
            closed: closed.clone(),
            blocked: Arc::clone(&blocked),
        };
        thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || end.send(buffers.run(receiver)).ok())?;
        Ok(Self {
            messages,
            ended,
            closed,
            blocked,
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

    /// Since when the writer waits for whoever reads.
    pub(crate) fn blocked(&self) -> Arc<Blocked> {
        Arc::clone(&self.blocked)
    }

    /// Waits until everything is written.
    ///
    /// # Errors
    ///
    /// Why standard output could not be written; [`ErrorKind::BrokenPipe`] where its reader went away.
    pub(crate) async fn finish(self) -> io::Result<()> {
        drop(self.messages);
        match self.ended.await {
            Ok(None) => Ok(()),
            Ok(Some(err)) => Err(err),
            Err(_) => Err(io::Error::other("the writing thread panicked")),
        }
    }
}

/// What is not written yet.
struct Buffers {
    format: Format,
    /// Whether nothing is said of attempts.
    quiet: bool,
    /// Whether notes are coloured.
    colour: bool,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    failed: Option<io::Error>,
    closed: CancellationToken,
    blocked: Arc<Blocked>,
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
    }

    fn take(&mut self, message: Message) {
        if self.closed.is_cancelled() {
            return;
        }
        match message {
            Message::Event(source, TapEvent::Block(block), _room) => {
                self.take_block(&source, &block)
            }
            // An attempt has ended for who reads once all of its output is shown.
            Message::Event(source, event @ TapEvent::Finished { .. }, _) => source.finished(event),
            Message::Event(source, TapEvent::Complete { attempt, .. }, _) => {
                self.complete(&source, Some(attempt));
            }
            Message::Event(source, event, _) => {
                self.interrupt(&source, &event);
                self.note(&source, &event);
            }
            Message::End(source) => self.complete(&source, None),
            Message::Note(note) => {
                let stderr = self.buffer(Target::Stderr);
                stderr.extend_from_slice(note.as_bytes());
                stderr.push(b'\n');
            }
            Message::Object(object) => {
                let stdout = self.buffer(Target::Stdout);
                stdout.extend_from_slice(object.as_bytes());
                stdout.push(b'\n');
                self.flush_full();
            }
        }
    }

    fn take_block(&mut self, source: &Source, block: &TapBlock) {
        let format = self.format;
        let target = format.target(block);
        if format == Format::Plain {
            let is_large = block.bytes.len() >= FULL / 4;
            let buffer = self.buffer(target);
            if is_large {
                self.flush();
                self.write(target, &block.bytes);
            } else {
                buffer.extend_from_slice(&block.bytes);
                self.flush_full();
            }
            return;
        }
        self.buffer(target);
        let mut open = source.open.lock();
        open.take(block, |line| {
            format.append_line(source, &line, &mut self.stdout);
            if self.stdout.len() >= FULL {
                let stdout = std::mem::take(&mut self.stdout);
                self.write(Target::Stdout, &stdout);
                self.stdout = stdout;
                self.stdout.clear();
            }
        });
    }

    /// What follows on a stream of which something was lost is no end of the line before.
    fn interrupt(&mut self, source: &Source, event: &TapEvent) {
        let TapEvent::Lost {
            attempt, stream, ..
        } = event
        else {
            return;
        };
        let format = self.format;
        if format != Format::Plain {
            self.buffer(Target::Stdout);
            let stdout = &mut self.stdout;
            source.open.lock().interrupt(*attempt, *stream, |line| {
                format.append_line(source, &line, stdout);
            });
        }
    }

    /// Shows what has no end of an attempt, or of all, and then that it has ended.
    fn complete(&mut self, source: &Source, attempt: Option<u32>) {
        let format = self.format;
        if format != Format::Plain {
            self.buffer(Target::Stdout);
            let stdout = &mut self.stdout;
            source.open.lock().finish(attempt, |line| {
                format.append_line(source, &line, stdout);
            });
        }
        for event in source.take_finished(attempt) {
            self.note(source, &event);
        }
        self.flush_full();
    }

    fn note(&mut self, source: &Source, event: &TapEvent) {
        if self.quiet && !matches!(event, TapEvent::Lost { .. }) {
            source.forget(event);
            return;
        }
        if let Some((target, note)) = self.format.note(source, event, self.colour) {
            self.buffer(target).extend_from_slice(&note);
        }
        source.forget(event);
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
        let stdout = std::mem::take(&mut self.stdout);
        self.write(Target::Stdout, &stdout);
        self.stdout = emptied(stdout);
        let stderr = std::mem::take(&mut self.stderr);
        self.write(Target::Stderr, &stderr);
        self.stderr = emptied(stderr);
    }

    fn write(&mut self, target: Target, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let written = match target {
                Target::Stdout if self.failed.is_some() => return,
                Target::Stdout => self.blocked.during(|| Stdout.write(bytes)),
                Target::Stderr => self.blocked.during(|| Stderr.write(bytes)),
            };
            let written = match written {
                Ok(0) => Err(ErrorKind::WriteZero.into()),
                written => written,
            };
            match written {
                Ok(written) => bytes = &bytes[written..],
                Err(err) => {
                    // Nobody is left to be told when standard error is gone.
                    if target == Target::Stdout {
                        // A reader that has left wants no more of anything. A disk that is full is no
                        // reason to end what runs.
                        if err.kind() == ErrorKind::BrokenPipe {
                            self.closed.cancel();
                        }
                        self.failed = Some(err);
                    }
                    return;
                }
            }
        }
    }
}

/// The buffer for what comes next; one large block is no reason to keep its memory.
fn emptied(mut buffer: Vec<u8>) -> Vec<u8> {
    buffer.clear();
    buffer.shrink_to(2 * FULL);
    buffer
}
