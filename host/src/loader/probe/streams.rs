//! What comes out of a probe: its answers, and what it prints.

use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::ChildStderr;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio};

/// Longer answers come only from a plugin that writes where it should not.
const LONGEST_ANSWERS: usize = 1 << 20;
/// How much of what it printed is kept, in bytes: a panic with its backtrace.
const LAST_PRINTED: usize = 1 << 16;

/// Both streams, until they end.
pub(super) struct Streams {
    channel: Option<UnixStream>,
    stderr: Option<ChildStderr>,
    answers: Vec<u8>,
    printed: Vec<u8>,
}

impl Streams {
    pub(super) fn new(channel: UnixStream, stderr: Option<ChildStderr>) -> io::Result<Self> {
        channel.set_nonblocking(true)?;
        if let Some(stderr) = &stderr {
            ioctl_fionbio(stderr, true)?;
        }
        Ok(Self {
            channel: Some(channel),
            stderr,
            answers: Vec::new(),
            printed: Vec::new(),
        })
    }

    /// Waits until something can be read, `end` is readable or `wait` is over, and reads it.
    pub(super) fn read(&mut self, end: Option<&OwnedFd>, wait: Duration) -> io::Result<()> {
        let channel = self.channel.as_ref().map(|stream| stream.as_fd());
        let stderr = self.stderr.as_ref().map(|stream| stream.as_fd());
        let end = end.map(|end| end.as_fd());
        let mut events: Vec<_> = [channel, stderr, end]
            .into_iter()
            .flatten()
            .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN))
            .collect();
        let wait = Timespec::try_from(wait).ok();
        match poll(&mut events, wait.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(err) => return Err(err.into()),
        }
        self.drain();
        Ok(())
    }

    /// Reads what is there without waiting.
    fn drain(&mut self) {
        let answers = &mut self.answers;
        drain(&mut self.channel, |bytes| {
            let room = LONGEST_ANSWERS - answers.len();
            answers.extend_from_slice(&bytes[..bytes.len().min(room)]);
            bytes.len() <= room
        });
        let printed = &mut self.printed;
        drain(&mut self.stderr, |bytes| {
            printed.extend_from_slice(bytes);
            let surplus = printed.len().saturating_sub(LAST_PRINTED);
            printed.drain(..surplus);
            true
        });
    }

    /// The answers, and the last lines that were printed.
    pub(super) fn finish(mut self) -> (Vec<u8>, String) {
        self.drain();
        let printed = String::from_utf8_lossy(&self.printed).into_owned();
        (self.answers, printed)
    }
}

/// The most that is read at once: a plugin that prints without end must not keep the host reading.
const ROUNDS: usize = 64;

/// Reads what is there; closes the stream at its end, or when `take` wants no more.
fn drain<R: Read>(stream: &mut Option<R>, mut take: impl FnMut(&[u8]) -> bool) {
    let mut buffer = [0; 4096];
    for _ in 0..ROUNDS {
        let Some(reader) = stream else { return };
        match reader.read(&mut buffer) {
            Ok(0) => *stream = None,
            Ok(len) if take(&buffer[..len]) => {}
            Ok(_) => *stream = None,
            Err(err) if err.kind() == ErrorKind::WouldBlock => return,
            Err(err) if err.kind() == ErrorKind::Interrupted => {}
            Err(_) => *stream = None,
        }
    }
}
