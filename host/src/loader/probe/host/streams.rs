//! What goes into a probe and comes out of it: the request, its answers, and what it prints.

use std::io::{self, ErrorKind, Read, Write as _};
use std::net::Shutdown;
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

/// The streams of a probe, until they end. None of them is ever waited for alone.
pub(super) struct Streams {
    socket: Option<UnixStream>,
    stderr: Option<ChildStderr>,
    /// What is left of the request.
    request: Vec<u8>,
    answers: Vec<u8>,
    printed: Vec<u8>,
}

impl Streams {
    pub(super) fn new(
        socket: UnixStream,
        request: Vec<u8>,
        stderr: Option<ChildStderr>,
    ) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        if let Some(stderr) = &stderr {
            ioctl_fionbio(stderr, true)?;
        }
        Ok(Self {
            socket: Some(socket),
            stderr,
            request,
            answers: Vec::new(),
            printed: Vec::new(),
        })
    }

    /// Waits until something can be read or sent, `exit` is readable or `wait` is over; reads and
    /// sends it. Without a `wait` it waits for ever.
    pub(super) fn serve(
        &mut self,
        exit: Option<&OwnedFd>,
        wait: Option<Duration>,
    ) -> io::Result<()> {
        let of_socket = if self.request.is_empty() {
            PollFlags::IN
        } else {
            PollFlags::IN | PollFlags::OUT
        };
        let socket = self.socket.as_ref().map(|it| (it.as_fd(), of_socket));
        let stderr = self.stderr.as_ref().map(|it| (it.as_fd(), PollFlags::IN));
        let exit = exit.map(|it| (it.as_fd(), PollFlags::IN));
        let mut events: Vec<_> = [socket, stderr, exit]
            .into_iter()
            .flatten()
            .map(|(fd, flags)| PollFd::from_borrowed_fd(fd, flags))
            .collect();
        let wait = wait.and_then(|wait| Timespec::try_from(wait).ok());
        match poll(&mut events, wait.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(err) => return Err(err.into()),
        }
        self.send();
        self.drain();
        Ok(())
    }

    /// Sends of the request what is taken now. A program that does not take it shows in what it does
    /// not answer.
    fn send(&mut self) {
        let Some(socket) = &mut self.socket else {
            return;
        };
        while !self.request.is_empty() {
            match socket.write(&self.request) {
                Ok(sent) => drop(self.request.drain(..sent)),
                Err(err) if err.kind() == ErrorKind::WouldBlock => return,
                Err(err) if err.kind() == ErrorKind::Interrupted => {}
                Err(_) => self.request.clear(),
            }
            if self.request.is_empty() {
                socket.shutdown(Shutdown::Write).ok();
            }
        }
    }

    /// Reads what is there without waiting.
    fn drain(&mut self) {
        let answers = &mut self.answers;
        drain(&mut self.socket, |bytes| {
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
