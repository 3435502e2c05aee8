//! The logs of all tasks.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;
use solti_plugin_host::OutputRegistry;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tracing::error;

use super::index::Indexes;
use super::log::Log;
use super::progress::Progress;
use super::reader::Reader;
use super::segments;
use super::usage::{Owners, Usage};
use super::written::Written;
use crate::config::OutputLimits;
use crate::store::Seq;

/// The logs of all tasks.
pub(crate) struct Outputs {
    pub(super) root: PathBuf,
    pub(super) limits: OutputLimits,
    /// The channels of tasks that run.
    pub(super) registry: Arc<OutputRegistry>,
    pub(super) runtime: Handle,
    live: Mutex<HashMap<Seq, Arc<Live>>>,
    usage: Mutex<Usage>,
    /// Those who follow at the same time.
    pub(crate) followers: Arc<Semaphore>,
    /// Bytes and lines that were left out, since there was no room.
    pub(super) lost: AtomicU64,
    /// What plugins have written.
    pub(crate) written: Arc<Written>,
    /// Where the lines are of logs that were asked for last.
    pub(crate) indexes: Indexes,
}

/// The log of a task that has not ended.
pub(crate) struct Live {
    pub(super) seq: Seq,
    pub(super) name: String,
    pub(super) log: Mutex<Log>,
    progress: watch::Sender<Progress>,
    /// The highest number of an attempt in it.
    pub(super) attempts: AtomicU32,
    /// Taps that are read, and the task itself until it has ended.
    users: AtomicUsize,
    /// What is to be done when all of its output is in the log.
    then: Mutex<Option<Then>>,
}

/// What is to be done with a log that has all of its output: to complete it, sooner or later.
type Then = Box<dyn FnOnce(Arc<Live>) + Send>;

impl Outputs {
    pub(crate) fn new(
        root: PathBuf,
        limits: OutputLimits,
        followers: usize,
        owners: &Owners,
    ) -> io::Result<Arc<Self>> {
        let usage = Usage::found(&root, owners)?;
        Ok(Arc::new(Self {
            root,
            limits,
            registry: Arc::default(),
            runtime: Handle::current(),
            live: Mutex::default(),
            usage: Mutex::new(usage),
            followers: Arc::new(Semaphore::new(followers)),
            lost: AtomicU64::new(0),
            written: Arc::default(),
            indexes: Indexes::default(),
        }))
    }

    /// A task begins that has never run.
    pub(crate) fn begin(&self, seq: Seq, name: &str) {
        let log = Log::new(self.root.clone(), seq, self.limits.per_task);
        self.go_live(seq, name, log, 0);
    }

    /// A task runs again; its attempts come behind the one with this number.
    pub(crate) fn begin_again(&self, seq: Seq, name: &str, attempts: u32) -> io::Result<()> {
        let log = Log::open(self.root.clone(), seq, self.limits.per_task)?;
        if log.kept() > 0 {
            self.usage.lock().forget(seq);
        }
        self.go_live(seq, name, log, attempts);
        Ok(())
    }

    fn go_live(&self, seq: Seq, name: &str, log: Log, attempts: u32) {
        let (progress, _) = watch::channel(Progress {
            end: log.end(),
            complete: false,
        });
        let live = Live {
            seq,
            name: name.to_owned(),
            log: Mutex::new(log),
            progress,
            attempts: AtomicU32::new(attempts),
            users: AtomicUsize::new(1),
            then: Mutex::new(None),
        };
        self.live.lock().insert(seq, Arc::new(live));
    }

    /// The log of a task that has not ended, for one more tap of it.
    pub(super) fn use_live(&self, seq: Seq) -> Option<Arc<Live>> {
        let live = self.live.lock();
        let live = live.get(&seq)?;
        live.users.fetch_add(1, Ordering::Relaxed);
        Some(Arc::clone(live))
    }

    /// A task has ended, and nothing is to be noted of that.
    pub(crate) fn end(self: &Arc<Self>, seq: Seq) {
        let outputs = Arc::clone(self);
        self.end_then(seq, move |live| outputs.complete(&live));
    }

    /// A task has ended: when its taps have been read, and all it wrote is in its log, `then` is done, and
    /// has to complete it.
    pub(crate) fn end_then(&self, seq: Seq, then: impl FnOnce(Arc<Live>) + Send + 'static) {
        let live = self.live.lock().get(&seq).map(Arc::clone);
        if let Some(live) = live {
            *live.then.lock() = Some(Box::new(then));
            self.leave(&live);
        }
    }

    /// A tap has been read to its end, or the task has ended.
    pub(super) fn leave(&self, live: &Arc<Live>) {
        if live.users.fetch_sub(1, Ordering::AcqRel) > 1 {
            return;
        }
        let then = live.then.lock().take();
        match then {
            Some(then) => then(Arc::clone(live)),
            None => self.complete(live),
        }
    }

    /// Its readers have come to its end when they have read what is there.
    pub(crate) fn complete(&self, live: &Arc<Live>) {
        {
            let mut all = self.live.lock();
            // The task may run again.
            if all.get(&live.seq).is_some_and(|it| Arc::ptr_eq(it, live)) {
                all.remove(&live.seq);
            }
        }
        let kept = live.log.lock().kept();
        if kept > 0 {
            self.usage.lock().ended(live.seq, kept);
            self.make_room();
        }
        live.progress
            .send_modify(|progress| progress.complete = true);
    }

    /// Appends frames to a log, and tells its readers.
    pub(super) fn append(&self, live: &Live, frames: &[u8]) -> io::Result<()> {
        let mut log = live.log.lock();
        let before = log.kept();
        let appended = log.append(frames);
        let (now, end) = (log.kept(), log.end());
        drop(log);
        self.usage.lock().changed(before, now);
        self.make_room();
        live.progress.send_modify(|progress| progress.end = end);
        appended
    }

    /// Removes the oldest logs while all have more bytes than they may.
    fn make_room(&self) {
        loop {
            let Some(oldest) = self.usage.lock().over(self.limits.total) else {
                return;
            };
            if let Err(err) = segments::remove(&self.root, oldest) {
                error!("the output of task {oldest} cannot be removed: {err}");
            }
        }
    }

    /// Removes the log of a task that is not there any more.
    pub(crate) fn remove(&self, seq: Seq) {
        let known = self.usage.lock().forget(seq);
        if let Some(bytes) = known {
            self.usage.lock().changed(bytes, 0);
        }
        if let Err(err) = segments::remove(&self.root, seq) {
            error!("the output of task {seq} cannot be removed: {err}");
        }
    }

    /// A reader of the log of a task, from its beginning.
    pub(crate) fn reader(&self, seq: Seq) -> Reader {
        let live = self.live.lock().get(&seq).map(Arc::clone);
        Reader::new(
            self.root.clone(),
            seq,
            live.map(|live| live.progress.subscribe()),
        )
    }

    /// Bytes of all logs, and bytes that were left out.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        (self.usage.lock().bytes(), self.lost.load(Ordering::Relaxed))
    }
}

impl std::fmt::Debug for Outputs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outputs").finish_non_exhaustive()
    }
}
