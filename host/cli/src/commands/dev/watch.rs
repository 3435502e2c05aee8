//! The sources of a crate: whether they are what they were.
//!
//! The system tells that something happens in a directory; what has changed is found by looking. So it is
//! the same for an editor that writes, one that renames and one that writes a file aside first, and where
//! the system tells nothing.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::present::message;

/// What an editor gets to write all that it writes.
const SETTLED: Duration = Duration::from_millis(100);

/// What it gets when it does not end.
const AT_MOST: Duration = Duration::from_secs(1);

/// How often it is looked where the system tells nothing.
const EVERY: Duration = Duration::from_millis(500);

/// What a file is known by: when it was written, to the nanosecond, its length and its number.
type Mark = (i64, i64, u64, u64);

/// The files of the crate.
type Seen = BTreeMap<PathBuf, Mark>;

/// The sources, and who tells of them.
pub(super) struct Watch {
    directory: PathBuf,
    /// A file that may lie elsewhere.
    beside: Option<PathBuf>,
    /// Where cargo builds: the directory of its own accord, and the one that it was told to.
    left_out: [PathBuf; 2],
    seen: Seen,
    /// None where the system has none to give.
    watcher: Option<RecommendedWatcher>,
    happened: Arc<Notify>,
}

impl Watch {
    /// Watches a crate, and this file as well.
    pub(super) fn new(directory: &Path, beside: Option<&Path>) -> Self {
        let happened = Arc::new(Notify::new());
        let tell = Arc::clone(&happened);
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // An error may be an event that was lost.
            if event.map_or(true, |event| is_change(event.kind)) {
                tell.notify_one();
            }
        });
        let mut watch = Self {
            directory: directory.to_owned(),
            beside: beside.map(Path::to_owned),
            left_out: [directory.join("target"), directory.join("target")],
            seen: Seen::new(),
            watcher: None,
            happened,
        };
        match watcher {
            Ok(watcher) => watch.watcher = Some(watcher),
            Err(err) => watch.only_look(&err),
        }
        watch.begin_round();
        watch
    }

    /// Takes the sources as they are now.
    pub(super) fn begin_round(&mut self) {
        self.seen = self.look();
    }

    /// Looks at nothing in this directory.
    pub(super) fn leave_out(&mut self, directory: PathBuf) {
        // As paths of the crate begin here.
        let within = self.directory.canonicalize().ok();
        let within = within.and_then(|it| Some(directory.strip_prefix(it).ok()?.to_owned()));
        let left_out = within.map_or(directory, |within| self.directory.join(within));
        self.seen.retain(|file, _| !file.starts_with(&left_out));
        self.left_out[1] = left_out;
    }

    /// Waits until a source is not what it was, and names one, as it is called within the crate.
    pub(super) async fn changed(&mut self) -> PathBuf {
        loop {
            let now = self.look();
            if let Some(file) = first_change(&self.seen, &now) {
                // It may be half written.
                self.settle().await;
                let within = file.strip_prefix(&self.directory);
                return within.unwrap_or(&file).to_owned();
            }
            match self.watcher {
                Some(_) => {
                    self.happened.notified().await;
                    self.settle().await;
                }
                None => sleep(EVERY).await,
            }
        }
    }

    /// Waits until nothing more happens; where it never ends, long enough.
    async fn settle(&self) {
        let quiet = async { while timeout(SETTLED, self.happened.notified()).await.is_ok() {} };
        timeout(AT_MOST, quiet).await.ok();
    }

    /// Looks what is there, and has the system tell of every directory.
    fn look(&mut self) -> Seen {
        // First, so that nothing that happens meanwhile is missed.
        let mut left = vec![self.directory.clone()];
        let mut seen = Seen::new();
        while let Some(directory) = left.pop() {
            self.watch(&directory);
            for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
                let path = entry.path();
                if !self.is_source(&path) {
                    continue;
                }
                // Not through a link: it may lead back.
                if entry.file_type().is_ok_and(|of| of.is_dir()) {
                    left.push(path);
                } else {
                    seen.extend(mark(path));
                }
            }
        }
        if let Some(file) = self.beside.clone() {
            // As the directory of a name alone is written.
            let directory = file.parent().filter(|it| !it.as_os_str().is_empty());
            self.watch(directory.unwrap_or(Path::new(".")));
            seen.extend(mark(file));
        }
        seen
    }

    /// Whether what lies there counts: not what cargo writes, nor what an editor or git keeps for itself.
    fn is_source(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        let is_own = name.starts_with(b".") || name.ends_with(b"~");
        let is_lock = path.parent() == Some(&self.directory) && name == b"Cargo.lock";
        !is_own && !is_lock && !self.left_out.iter().any(|it| it == path)
    }

    fn watch(&mut self, directory: &Path) {
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        // Each time: one that was removed and is there again is told of no more.
        match watcher.watch(directory, RecursiveMode::NonRecursive) {
            // One that is gone again.
            Err(err) if directory.exists() => self.only_look(&err),
            _ => {}
        }
    }

    /// Goes on without being told.
    fn only_look(&mut self, why: &notify::Error) {
        self.watcher = None;
        message::only_print_warning(format_args!(
            "the system does not tell of changes: {why}; it is looked for them every half second"
        ));
    }
}

/// A file that is there, and what it is known by.
fn mark(file: PathBuf) -> Option<(PathBuf, Mark)> {
    let of = fs::metadata(&file).ok()?;
    Some((file, (of.mtime(), of.mtime_nsec(), of.len(), of.ino())))
}

/// Whether files are others after it: looking at them is told as well.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}

/// A file that is not what it was.
fn first_change(before: &Seen, now: &Seen) -> Option<PathBuf> {
    let is_other = |file: &&PathBuf| before.get(*file) != now.get(*file);
    let files = now.keys().chain(before.keys());
    files.into_iter().find(is_other).cloned()
}

#[cfg(test)]
mod tests {
    use std::future::Future;

    use super::*;

    /// How long a change may take to be seen on a busy machine.
    const SOON: Duration = Duration::from_secs(60);

    fn of_crate() -> (tempfile::TempDir, Watch) {
        let directory = tempfile::tempdir().unwrap();
        for inner in ["src", "target/debug", ".git"] {
            fs::create_dir_all(directory.path().join(inner)).unwrap();
        }
        fs::write(directory.path().join("src/lib.rs"), "1").unwrap();
        let watch = Watch::new(directory.path(), None);
        (directory, watch)
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        runtime.block_on(async { timeout(SOON, future).await.unwrap() })
    }

    #[test]
    fn a_source_that_is_written_renamed_over_made_or_removed_is_a_change() {
        let (directory, mut watch) = of_crate();
        let at = |name: &str| directory.path().join(name);
        let changes: [(&str, &dyn Fn()); 4] = [
            ("src/lib.rs", &|| fs::write(at("src/lib.rs"), "22").unwrap()),
            ("src/lib.rs", &|| {
                fs::write(at("src/.lib.rs.swp"), "333").unwrap();
                fs::rename(at("src/.lib.rs.swp"), at("src/lib.rs")).unwrap();
            }),
            ("src/deep/new.rs", &|| {
                fs::create_dir(at("src/deep")).unwrap();
                fs::write(at("src/deep/new.rs"), "").unwrap();
            }),
            ("src/deep/new.rs", &|| {
                fs::remove_file(at("src/deep/new.rs")).unwrap();
            }),
        ];
        for (file, change) in changes {
            let changed = block_on(async {
                let later = async {
                    tokio::task::yield_now().await;
                    change();
                };
                tokio::join!(watch.changed(), later).0
            });
            assert_eq!(changed, Path::new(file));
            watch.begin_round();
        }
    }

    #[test]
    fn what_cargo_git_and_editors_write_for_themselves_is_none() {
        let (directory, mut watch) = of_crate();
        let at = |name: &str| directory.path().join(name);
        for file in [
            "target/debug/x",
            ".git/index",
            "src/.lib.rs.swp",
            "src/lib.rs~",
            "Cargo.lock",
        ] {
            fs::write(at(file), "x").unwrap();
        }
        let now = watch.look();
        assert_eq!(first_change(&watch.seen, &now), None);
        // A target directory of another name is left out once it is known.
        fs::create_dir(at("out")).unwrap();
        watch.begin_round();
        watch.leave_out(at("out"));
        fs::write(at("out/x"), "x").unwrap();
        let now = watch.look();
        assert_eq!(first_change(&watch.seen, &now), None);
    }

    #[test]
    fn a_change_is_found_where_the_system_tells_nothing() {
        let (directory, mut watch) = of_crate();
        watch.watcher = None;
        let file = directory.path().join("src/lib.rs");
        let written = file.clone();
        let changed = block_on(async {
            let later = async {
                tokio::task::yield_now().await;
                fs::write(&written, "22").unwrap();
            };
            tokio::join!(watch.changed(), later).0
        });
        assert_eq!(changed, Path::new("src/lib.rs"));
    }

    #[test]
    fn a_file_of_tasks_outside_of_the_crate_is_a_source() {
        let (directory, _) = of_crate();
        let aside = tempfile::tempdir().unwrap();
        let tasks = aside.path().join("tasks.json");
        let mut watch = Watch::new(directory.path(), Some(&tasks));
        let changed = block_on(async {
            let later = async {
                tokio::task::yield_now().await;
                fs::write(&tasks, "[]").unwrap();
            };
            tokio::join!(watch.changed(), later).0
        });
        assert_eq!(changed, tasks);
    }
}
