//! The probe's end of the socket to the host.

use std::io::{self, Read, Write};
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use rustix::stdio;

use super::descriptors::aside;

/// The socket to the host.
pub(super) struct Socket {
    /// Where it is once it has left standard output; never closed.
    moved: Option<ManuallyDrop<OwnedFd>>,
}

impl Socket {
    pub(super) fn at_stdout() -> Self {
        Self { moved: None }
    }

    /// Moves the socket away and points standard output at standard error: what a plugin prints must
    /// not end up among the answers.
    pub(super) fn leave_stdout(&mut self) -> io::Result<()> {
        self.moved = Some(ManuallyDrop::new(aside(stdio::stdout())?));
        Ok(stdio::dup2_stdout(stdio::stderr())?)
    }

    fn fd(&self) -> BorrowedFd<'_> {
        match &self.moved {
            Some(moved) => moved.as_fd(),
            None => stdio::stdout(),
        }
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(self.fd(), buffer)?)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(self.fd(), bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
