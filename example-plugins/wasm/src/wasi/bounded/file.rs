//! Files.

use std::any::Any;
use std::io::{IoSlice, IoSliceMut, SeekFrom};

use async_trait::async_trait;
use wasi_common::file::{Advice, FdFlags, FileType, Filestat};
use wasi_common::{Error, SystemTimeSpec, WasiFile};

use super::Bounded;

/// How much is read or written before looking whether the guest is to stop. What is no larger goes
/// to the operating system as one call, as the guest made it.
const PART_BYTES: usize = 1 << 20;

impl Bounded<Box<dyn WasiFile>> {
    /// Reads at `at`, or where the file stands.
    async fn read(&self, buffers: &mut [IoSliceMut<'_>], at: Option<u64>) -> Result<u64, Error> {
        if buffers.iter().map(|buffer| buffer.len()).sum::<usize>() <= PART_BYTES {
            return self.read_once(buffers, at).await;
        }
        let mut count = 0;
        for part in buffers
            .iter_mut()
            .flat_map(|buffer| buffer.chunks_mut(PART_BYTES))
        {
            self.bounds.check()?;
            let wanted = part.len() as u64;
            let at = at.map(|at| at.saturating_add(count));
            let part = &mut [IoSliceMut::new(part)];
            match self.read_once(part, at).await {
                Ok(read) => {
                    count += read;
                    if read < wanted {
                        break;
                    }
                }
                Err(_) if count > 0 => break,
                Err(err) => return Err(err),
            }
        }
        Ok(count)
    }

    async fn read_once(
        &self,
        buffers: &mut [IoSliceMut<'_>],
        at: Option<u64>,
    ) -> Result<u64, Error> {
        match at {
            Some(at) => self.inner.read_vectored_at(buffers, at).await,
            None => self.inner.read_vectored(buffers).await,
        }
    }

    /// Writes at `at`, or where the file stands.
    async fn write(&self, buffers: &[IoSlice<'_>], at: Option<u64>) -> Result<u64, Error> {
        // The buffers of one call may overlap, so their lengths may add up to anything.
        let total = buffers
            .iter()
            .map(|buffer| buffer.len() as u64)
            .sum::<u64>();
        if total <= PART_BYTES as u64 {
            return self.write_once(buffers, at).await;
        }
        let mut count = 0;
        for part in buffers.iter().flat_map(|buffer| buffer.chunks(PART_BYTES)) {
            self.bounds.check()?;
            let at = at.map(|at| at.saturating_add(count));
            match self.write_once(&[IoSlice::new(part)], at).await {
                Ok(written) => {
                    count += written;
                    if written < part.len() as u64 {
                        break;
                    }
                }
                // The next call meets it again, and this one tells what was written.
                Err(_) if count > 0 => break,
                Err(err) => return Err(err),
            }
        }
        Ok(count)
    }

    async fn write_once(&self, buffers: &[IoSlice<'_>], at: Option<u64>) -> Result<u64, Error> {
        match at {
            Some(at) => self.inner.write_vectored_at(buffers, at).await,
            None => self.inner.write_vectored(buffers).await,
        }
    }
}

#[async_trait]
impl WasiFile for Bounded<Box<dyn WasiFile>> {
    fn as_any(&self) -> &dyn Any {
        self
    }

    async fn get_filetype(&self) -> Result<FileType, Error> {
        self.inner.get_filetype().await
    }

    async fn datasync(&self) -> Result<(), Error> {
        self.inner.datasync().await
    }

    async fn sync(&self) -> Result<(), Error> {
        self.inner.sync().await
    }

    async fn get_fdflags(&self) -> Result<FdFlags, Error> {
        self.inner.get_fdflags().await
    }

    async fn set_fdflags(&mut self, flags: FdFlags) -> Result<(), Error> {
        self.inner.set_fdflags(flags).await
    }

    async fn get_filestat(&self) -> Result<Filestat, Error> {
        self.inner.get_filestat().await
    }

    async fn set_filestat_size(&self, size: u64) -> Result<(), Error> {
        self.inner.set_filestat_size(size).await
    }

    async fn advise(&self, offset: u64, len: u64, advice: Advice) -> Result<(), Error> {
        self.inner.advise(offset, len, advice).await
    }

    async fn set_times(
        &self,
        atime: Option<SystemTimeSpec>,
        mtime: Option<SystemTimeSpec>,
    ) -> Result<(), Error> {
        self.inner.set_times(atime, mtime).await
    }

    async fn read_vectored<'a>(&self, buffers: &mut [IoSliceMut<'a>]) -> Result<u64, Error> {
        self.read(buffers, None).await
    }

    async fn read_vectored_at<'a>(
        &self,
        buffers: &mut [IoSliceMut<'a>],
        offset: u64,
    ) -> Result<u64, Error> {
        self.read(buffers, Some(offset)).await
    }

    async fn write_vectored<'a>(&self, buffers: &[IoSlice<'a>]) -> Result<u64, Error> {
        self.write(buffers, None).await
    }

    async fn write_vectored_at<'a>(
        &self,
        buffers: &[IoSlice<'a>],
        offset: u64,
    ) -> Result<u64, Error> {
        self.write(buffers, Some(offset)).await
    }

    async fn seek(&self, position: SeekFrom) -> Result<u64, Error> {
        self.inner.seek(position).await
    }

    async fn peek(&self, buffer: &mut [u8]) -> Result<u64, Error> {
        self.inner.peek(buffer).await
    }

    fn num_ready_bytes(&self) -> Result<u64, Error> {
        self.inner.num_ready_bytes()
    }
}
