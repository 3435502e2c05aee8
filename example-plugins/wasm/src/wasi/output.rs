//! Standard output and standard error of a guest.

use std::any::Any;
use std::io::IoSlice;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use parking_lot::Mutex;
use solti_plugin_abi::{LineWriter, Pressure};
use wasi_common::file::{FdFlags, FileType};
use wasi_common::{Error, ErrorExt, WasiFile};

use crate::stop::Stop;

/// How much is passed on before looking whether the guest is to stop: some milliseconds of work,
/// should every byte of it be a line.
const PART_BYTES: usize = 64 << 10;

/// How soon a guest that waits for its host to take its output looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(20);

/// Passes what a guest writes on as lines, at the moment it writes.
pub(super) struct Output {
    lines: Mutex<Option<LineWriter>>,
    stop: Arc<Stop>,
}

impl Output {
    pub(super) fn new(lines: LineWriter, stop: Arc<Stop>) -> Self {
        Self {
            lines: Mutex::new(Some(lines)),
            stop,
        }
    }

    /// Waits until the host takes more, as a write to a full pipe does, or the guest is to stop.
    fn wait(&self, lines: &LineWriter) {
        while !self.stop.is_set() {
            let began = Instant::now();
            // What ends before its time without room ends for good: the attempt is over.
            if lines.sink().wait_ready(LOOK) || began.elapsed() < LOOK {
                return;
            }
        }
    }
}

#[async_trait]
impl WasiFile for Output {
    fn as_any(&self) -> &dyn Any {
        self
    }

    async fn get_filetype(&self) -> Result<FileType, Error> {
        Ok(FileType::Pipe)
    }

    async fn get_fdflags(&self) -> Result<FdFlags, Error> {
        Ok(FdFlags::APPEND)
    }

    /// Takes all of it, as programs that do not look at the count expect. The buffers of one call
    /// may overlap, so they may have far more bytes than the guest has memory.
    async fn write_vectored<'a>(&self, buffers: &[IoSlice<'a>]) -> Result<u64, Error> {
        let mut count = 0;
        if let Some(lines) = &mut *self.lines.lock() {
            for part in buffers.iter().flat_map(|buffer| buffer.chunks(PART_BYTES)) {
                if self.stop.is_set() {
                    // No guest sees this: the engine ends it when the call returns.
                    return Err(Error::io());
                }
                if lines.write(part) == Pressure::Wait {
                    self.wait(lines);
                }
                count += part.len() as u64;
            }
        }
        Ok(count)
    }
}

impl Drop for Output {
    /// A last line without an end counts, however the guest came to its end.
    fn drop(&mut self) {
        if let Some(lines) = self.lines.get_mut().take() {
            lines.finish();
        }
    }
}
