//! Directories.

use std::any::Any;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use wasi_common::dir::{OpenResult, ReaddirCursor, ReaddirEntity};
use wasi_common::file::{FdFlags, Filestat, OFlags};
use wasi_common::snapshots::preview_1::types::Errno;
use wasi_common::{Error, ErrorExt, SystemTimeSpec, WasiDir};

use super::Bounded;

/// The longest path, which is what Linux takes too.
const MAX_PATH_BYTES: usize = 4096;

/// Refuses a path that no file system takes, before each of its parts is looked up.
fn path(path: &str) -> Result<&str, Error> {
    if path.len() > MAX_PATH_BYTES {
        return Err(Error::name_too_long());
    }
    Ok(path)
}

/// The directory behind `dir`, for a call that involves two; not one that is read-only.
fn other(dir: &dyn WasiDir) -> Result<&dyn WasiDir, Error> {
    match dir.as_any().downcast_ref::<Bounded<Box<dyn WasiDir>>>() {
        Some(bounded) => Ok(&*bounded.inner),
        None => Err(Error::badf()),
    }
}

#[async_trait]
impl WasiDir for Bounded<Box<dyn WasiDir>> {
    fn as_any(&self) -> &dyn Any {
        self
    }

    async fn open_file(
        &self,
        symlink_follow: bool,
        name: &str,
        oflags: OFlags,
        read: bool,
        write: bool,
        fdflags: FdFlags,
    ) -> Result<OpenResult, Error> {
        let place = Arc::clone(&self.bounds.open)
            .try_acquire_owned()
            .map_err(|_| Errno::Mfile)?;
        let opened = self
            .inner
            .open_file(symlink_follow, path(name)?, oflags, read, write, fdflags)
            .await?;
        let bounds = self.bounds.clone();
        Ok(match opened {
            OpenResult::File(inner) => OpenResult::File(Box::new(Bounded {
                inner,
                bounds,
                _place: Some(place),
            })),
            OpenResult::Dir(inner) => OpenResult::Dir(Box::new(Bounded {
                inner,
                bounds,
                _place: Some(place),
            })),
        })
    }

    async fn create_dir(&self, name: &str) -> Result<(), Error> {
        self.inner.create_dir(path(name)?).await
    }

    /// Passes over the entries before the cursor by itself: the library would look each of them up
    /// without asking whether the guest is to stop.
    async fn readdir(
        &self,
        cursor: ReaddirCursor,
    ) -> Result<Box<dyn Iterator<Item = Result<ReaddirEntity, Error>> + Send>, Error> {
        let stop = Arc::clone(&self.bounds.stop);
        let passed = usize::try_from(u64::from(cursor)).unwrap_or(usize::MAX);
        let entries = self.inner.readdir(ReaddirCursor::from(0)).await?;
        Ok(Box::new(
            entries.take_while(move |_| !stop.is_set()).skip(passed),
        ))
    }

    async fn symlink(&self, target: &str, name: &str) -> Result<(), Error> {
        self.inner.symlink(path(target)?, path(name)?).await
    }

    async fn remove_dir(&self, name: &str) -> Result<(), Error> {
        self.inner.remove_dir(path(name)?).await
    }

    async fn unlink_file(&self, name: &str) -> Result<(), Error> {
        self.inner.unlink_file(path(name)?).await
    }

    async fn read_link(&self, name: &str) -> Result<PathBuf, Error> {
        self.inner.read_link(path(name)?).await
    }

    async fn get_filestat(&self) -> Result<Filestat, Error> {
        self.inner.get_filestat().await
    }

    async fn get_path_filestat(&self, name: &str, follow: bool) -> Result<Filestat, Error> {
        self.inner.get_path_filestat(path(name)?, follow).await
    }

    async fn rename(&self, name: &str, dir: &dyn WasiDir, new: &str) -> Result<(), Error> {
        self.inner
            .rename(path(name)?, other(dir)?, path(new)?)
            .await
    }

    async fn hard_link(&self, name: &str, dir: &dyn WasiDir, new: &str) -> Result<(), Error> {
        self.inner
            .hard_link(path(name)?, other(dir)?, path(new)?)
            .await
    }

    async fn set_times(
        &self,
        name: &str,
        atime: Option<SystemTimeSpec>,
        mtime: Option<SystemTimeSpec>,
        follow: bool,
    ) -> Result<(), Error> {
        self.inner
            .set_times(path(name)?, atime, mtime, follow)
            .await
    }
}
