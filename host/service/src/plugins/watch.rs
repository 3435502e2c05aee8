//! Sees when the directory of plugins changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::all::{Cause, Plugins};

/// How often the directory is looked at where nothing tells of a change: some file systems never do.
const LOOK: Duration = Duration::from_secs(1);

/// How long nothing has to happen before somebody is done with a file, and how long that is waited for.
const QUIET: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_millis(500);

/// Has every change of the directory taken, until the service ends.
pub(crate) async fn watch(plugins: Weak<Plugins>, closing: CancellationToken) {
    let changed = Arc::new(Notify::new());
    let mut events: Option<Events> = None;
    loop {
        let Some(directory) = plugins.upgrade().map(|it| it.live.directory().to_owned()) else {
            return;
        };
        // A link may lead elsewhere now, and what was removed may be there again.
        let real = fs::canonicalize(&directory).ok();
        if events.as_ref().map(|it| &it.of) != real.as_ref() {
            events = real.and_then(|real| Events::of(real, &changed));
        }
        tokio::select! {
            () = closing.cancelled() => return,
            () = changed.notified() => settle(&changed).await,
            () = sleep(LOOK) => {}
        }
        let Some(plugins) = plugins.upgrade() else {
            return;
        };
        let live = Arc::clone(&plugins.live);
        let has_changed = tokio::task::spawn_blocking(move || live.has_changed()).await;
        if !closing.is_cancelled() && has_changed.unwrap_or(false) {
            // It is told there.
            let _ = plugins.reload(Cause::Directory).await;
        }
    }
}

/// Waits until nobody writes any more.
async fn settle(changed: &Notify) {
    let until = Instant::now() + LONGEST;
    while Instant::now() < until && timeout(QUIET, changed.notified()).await.is_ok() {}
}

/// What the system tells of a directory.
struct Events {
    of: PathBuf,
    _watcher: RecommendedWatcher,
}

impl Events {
    /// `None` where the system tells nothing of it.
    fn of(real: PathBuf, changed: &Arc<Notify>) -> Option<Self> {
        let changed = Arc::clone(changed);
        let tell = move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| is_change(event.kind)) {
                changed.notify_one();
            }
        };
        let watch = |real: &Path| {
            let mut watcher = notify::recommended_watcher(tell)?;
            watcher.watch(real, RecursiveMode::NonRecursive)?;
            Ok::<_, notify::Error>(watcher)
        };
        match watch(&real) {
            Ok(watcher) => Some(Self {
                of: real,
                _watcher: watcher,
            }),
            Err(err) => {
                debug!("nothing tells of changes in {}: {err}", real.display());
                None
            }
        }
    }
}

/// Whether a file may be another one now; the service reads them itself.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}
