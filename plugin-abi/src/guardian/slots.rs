//! The slots of the table that this library may write.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Once};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use tracing::{debug, warn};

use super::record::{Record, Region, Request, SLOT};
use crate::host::{Host, host};
use crate::v1::call::GUARDIAN;

/// How long a host is not asked again that has given no slots: the machine may have had no process left.
const RETRY_AFTER: Duration = Duration::from_secs(10);

static SLOTS: Mutex<Slots> = Mutex::new(Slots {
    table: None,
    free: Vec::new(),
    refused: None,
});

struct Slots {
    table: Option<Arc<File>>,
    /// Where the free ones begin. The last that was given back is the first to be taken, so that few
    /// pages of the table are ever touched.
    free: Vec<u64>,
    /// When the host had no guardian, or was asked to do without.
    refused: Option<Instant>,
}

/// A slot of the table. Dropping it clears it.
#[derive(Debug)]
pub(super) struct Slot {
    table: Arc<File>,
    offset: u64,
    is_written: AtomicBool,
}

/// Takes a free slot; `None` where there is no guardian.
pub(super) fn take() -> Option<Slot> {
    let host = host().filter(|host| host.has_feature(GUARDIAN))?;
    let mut slots = SLOTS.lock();
    if let Some(refused) = slots.refused
        && refused.elapsed() < RETRY_AFTER
    {
        return None;
    }
    if slots.refused.is_some() || slots.free.is_empty() {
        match slots.claim(host) {
            Ok(()) => slots.refused = None,
            Err(reason) => {
                debug!("what is started outlives a host that is killed: {reason}");
                slots.refused = Some(Instant::now());
                return None;
            }
        }
    }
    Some(Slot {
        table: Arc::clone(slots.table.as_ref()?),
        offset: slots.free.pop()?,
        is_written: AtomicBool::new(false),
    })
}

/// Has the guardian end, if there is one.
pub(super) fn release() {
    let Some(host) = host() else {
        return;
    };
    let mut slots = SLOTS.lock();
    if slots.table.is_none() || slots.refused.is_some() {
        return;
    }
    slots.refused = Some(Instant::now());
    let request = serde_json::to_vec(&Request { release: true });
    let request = request.expect("a request is JSON");
    if let Err(reason) = ask(host, request.into()) {
        debug!("the guardian stays: {reason}");
    }
}

/// The answer of the host, which has it when it is called.
fn ask(host: &Host, request: Bytes) -> Result<Bytes, String> {
    let mut answer = host.call(GUARDIAN, request);
    let mut context = Context::from_waker(Waker::noop());
    match answer.as_mut().poll(&mut context) {
        Poll::Ready(answer) => answer.map_err(|err| err.to_string()),
        Poll::Pending => Err("the host does not answer at once".to_owned()),
    }
}

impl Slots {
    /// Has the host give some more.
    fn claim(&mut self, host: &Host) -> Result<(), String> {
        let answer = ask(host, Bytes::new())?;
        let region: Region = serde_json::from_slice(&answer).map_err(|err| err.to_string())?;
        if self.table.is_none() {
            let table = File::options().write(true).open(&region.path);
            let table = table.map_err(|err| format!("{}: {err}", region.path.display()))?;
            self.table = Some(Arc::new(table));
        }
        let slots = (0..region.slots).rev();
        self.free
            .extend(slots.map(|slot| region.offset + slot * SLOT));
        Ok(())
    }
}

impl Slot {
    /// Writes a record; `None` where that cannot be done.
    pub(super) fn write(&self, record: &Record) -> Option<()> {
        let Some(bytes) = record.to_bytes() else {
            debug!("its path is too long for the table of what ends with the host: {record:?}");
            return None;
        };
        match self.table.write_all_at(&bytes, self.offset) {
            Ok(()) => {
                self.is_written.store(true, Ordering::Relaxed);
                Some(())
            }
            Err(err) => {
                tell(&err);
                None
            }
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let is_clear = !self.is_written.load(Ordering::Relaxed)
            || self.table.write_all_at(&[0; 4], self.offset).is_ok();
        // One that cannot be cleared is lost: what stands in it is looked at before it is ended.
        if is_clear {
            SLOTS.lock().free.push(self.offset);
        }
    }
}

/// Says once that the table cannot be written.
fn tell(err: &io::Error) {
    static TOLD: Once = Once::new();
    TOLD.call_once(|| {
        warn!(
            "some of what tasks start will outlive this program if it is killed: the table for it \
             cannot be written: {err}"
        );
    });
}
