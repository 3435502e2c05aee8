//! Standard output and standard error, whatever they are.
//!
//! A pipe may be set not to block by whoever has its other end, and then has no room now and then: that
//! is waited for. Nothing is buffered here, and nothing panics: an error is for the caller to judge.

use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

/// Standard output.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stdout;

/// Standard error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stderr;

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
