//! Standard output and standard error, whatever they are.
//!
//! A pipe may be set not to block by whoever has its other end, and then has no room now and then: that
//! is waited for. Nothing is buffered here, and nothing panics: an error is for the caller to judge.

use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// Standard output.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stdout;

/// Standard error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stderr;

/// What a pipe that has any room takes at once, so that a write of it does not block.
const AT_ONCE: usize = 4096;

impl Stderr {
    /// Writes all of it, or nothing, or where it is long its beginning: waits for room no longer than this
    /// each time.
    ///
    /// # Errors
    ///
    /// Those of writing, and [`io::ErrorKind::TimedOut`].
    pub(crate) fn write_within(self, bytes: &[u8], limit: Duration) -> io::Result<()> {
        let limit = Timespec {
            tv_sec: limit.as_secs().cast_signed(),
            tv_nsec: limit.subsec_nanos().into(),
        };
        let stderr = io::stderr();
        for part in bytes.chunks(AT_ONCE) {
            let mut room = [PollFd::from_borrowed_fd(stderr.as_fd(), PollFlags::OUT)];
            // Where a signal comes in between, the time is over.
            if poll(&mut room, Some(&limit))? == 0 {
                return Err(io::ErrorKind::TimedOut.into());
            }
            write_some(stderr.as_fd(), part)?;
        }
        Ok(())
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        write_some(io::stdout().as_fd(), bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        write_some(io::stderr().as_fd(), bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes at least one byte, when there is room for it.
fn write_some(to: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    loop {
        match rustix::io::write(to, bytes) {
            Ok(written) => return Ok(written),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => wait_for_room(to)?,
            Err(Errno::FBIG) => {
                return Err(io::Error::new(
                    io::ErrorKind::FileTooLarge,
                    "this process may write no larger file (ulimit -f)",
                ));
            }
            Err(err) => return Err(err.into()),
        }
    }
}

fn wait_for_room(to: BorrowedFd<'_>) -> io::Result<()> {
    match poll(&mut [PollFd::from_borrowed_fd(to, PollFlags::OUT)], None) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(err) => Err(err.into()),
    }
}
