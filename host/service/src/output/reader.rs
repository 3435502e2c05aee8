//! Reads a log, from any position, and waits for more of it.

use std::io;
use std::path::PathBuf;

use tokio::sync::watch;

use super::frame::Stream;
use super::index::{Indexes, Selection};
use super::place::{Place, Read};
use super::progress::Progress;
use super::window::{Asked, Window};
use crate::store::Seq;

/// A reader of a log. It keeps nothing of it: a thousand of them cost no memory per line.
#[derive(Debug)]
pub(crate) struct Reader {
    place: Option<Place>,
    /// `None` for the log of a task that has ended.
    progress: Option<watch::Receiver<Progress>>,
}

impl Reader {
    pub(super) fn new(
        root: PathBuf,
        seq: Seq,
        progress: Option<watch::Receiver<Progress>>,
    ) -> Self {
        Self {
            place: Some(Place::at_the_beginning(root, seq)),
            progress,
        }
    }

    /// Goes to the beginning of a frame.
    pub(crate) fn seek(&mut self, position: u64) {
        if let Some(place) = &mut self.place {
            place.position = position;
        }
    }

    /// What comes next, without waiting for it.
    pub(crate) async fn read(&mut self) -> io::Result<Read> {
        let position = self.place.as_ref().map_or(0, |place| place.position);
        let end = self.progress.as_ref().map(|live| live.borrow().end);
        if end.is_some_and(|end| end <= position) {
            return Ok(Read::Nothing);
        }
        self.blocking(Place::read).await
    }

    /// Waits until there may be more; `false` when there will be no more.
    pub(crate) async fn wait(&mut self) -> bool {
        let position = self.place.as_ref().map_or(0, |place| place.position);
        let Some(progress) = &mut self.progress else {
            return false;
        };
        let found = progress
            .wait_for(|progress| progress.end > position || progress.complete)
            .await;
        // The writer has gone with the service.
        found.is_ok_and(|progress| progress.end > position)
    }

    /// Finds where the last `lines` lines of these streams and attempts begin: a position, and how many
    /// lines from there on are too many.
    pub(crate) async fn tail(
        &mut self,
        lines: u64,
        wanted: impl Fn(u32, Stream) -> bool + Send + 'static,
    ) -> io::Result<(u64, u64)> {
        self.blocking(move |place| place.tail(lines, &wanted)).await
    }

    /// Finds the first frame that is not older than a time.
    pub(crate) async fn since(&mut self, time: u64) -> io::Result<u64> {
        self.blocking(move |place| place.since(time)).await
    }

    /// Finds lines by their numbers; and whether nothing comes any more.
    pub(crate) async fn window(
        &mut self,
        indexes: &Indexes,
        selection: Selection,
        asked: Asked,
    ) -> io::Result<(Window, bool)> {
        // Before the log is looked at: what comes meanwhile makes it no less complete.
        let is_complete = self
            .progress
            .as_ref()
            .is_none_or(|live| live.borrow().complete);
        let seq = self.place.as_ref().map_or(0, |place| place.seq);
        let index = indexes.of(seq, selection);
        let found = self
            .blocking(move |place| place.window(&mut index.lock(), selection, &asked, is_complete));
        Ok((found.await?, is_complete))
    }

    /// The attempts that are in the log, and when each began.
    pub(crate) async fn attempts(&mut self) -> io::Result<Vec<(u32, u64)>> {
        self.blocking(|place| {
            let mut attempts = Vec::new();
            place.each_head(|_, head| {
                if head.is_start() {
                    attempts.push((head.attempt(), head.time));
                }
                true
            })?;
            Ok(attempts)
        })
        .await
    }

    /// How many bytes these streams and attempts have.
    pub(crate) async fn bytes(
        &mut self,
        wanted: impl Fn(u32, Stream) -> bool + Send + 'static,
    ) -> io::Result<u64> {
        self.blocking(move |place| {
            let mut bytes = 0;
            place.each_head(|_, head| {
                if head
                    .data()
                    .is_some_and(|stream| wanted(head.attempt(), stream))
                {
                    bytes += head.length();
                }
                true
            })?;
            Ok(bytes)
        })
        .await
    }

    async fn blocking<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Place) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let Some(mut place) = self.place.take() else {
            return Err(io::Error::other("a read was given up"));
        };
        let done = tokio::task::spawn_blocking(move || {
            let done = work(&mut place);
            (place, done)
        });
        let (place, done) = done.await.map_err(io::Error::other)?;
        self.place = Some(place);
        done
    }
}
