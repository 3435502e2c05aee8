//! Standard output and standard error of a guest.

use std::any::Any;
use std::io::IoSlice;

use async_trait::async_trait;
use parking_lot::Mutex;
use solti_plugin_abi::LineWriter;
use wasi_common::file::{FdFlags, FileType};
use wasi_common::{Error, WasiFile};

/// Passes what a guest writes on as lines, at the moment it writes.
pub(super) struct Output(Mutex<Option<LineWriter>>);

impl Output {
    pub(super) fn new(lines: LineWriter) -> Self {
        Self(Mutex::new(Some(lines)))
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

    async fn write_vectored<'a>(&self, buffers: &[IoSlice<'a>]) -> Result<u64, Error> {
        let mut count = 0;
        if let Some(lines) = &mut *self.0.lock() {
            for buffer in buffers {
                lines.write(buffer);
                count += buffer.len() as u64;
            }
        }
        Ok(count)
    }
}

impl Drop for Output {
    /// A last line without an end counts, however the guest came to its end.
    fn drop(&mut self) {
        if let Some(lines) = self.0.get_mut().take() {
            lines.finish();
        }
    }
}
