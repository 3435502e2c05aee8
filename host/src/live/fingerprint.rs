//! Whether a directory has changed, without a look into its files.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What changed so short before it was looked at may have changed once more since, in the same tick of the
/// system's clock.
const TICK: Duration = Duration::from_millis(50);

/// The names, places and times of a directory's files. Two of one directory are equal where nothing in it has
/// changed.
#[derive(Debug, Clone)]
pub(super) struct Fingerprint {
    taken: SystemTime,
    real: PathBuf,
    directory: Stat,
    files: Vec<(std::ffi::OsString, Stat, Stat)>,
}

/// What tells a file from what it was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    place: (u64, u64),
    len: u64,
    rights: (u32, u32, u32),
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Fingerprint {
    /// That of a directory, as it is named; `None` where it cannot be read.
    pub(super) fn of(directory: &Path) -> Option<Self> {
        let taken = SystemTime::now();
        // A link may lead elsewhere now.
        let real = fs::canonicalize(directory).ok()?;
        let stat = Stat::of(&fs::metadata(&real).ok()?);
        let mut files = Vec::new();
        for entry in fs::read_dir(&real).ok()? {
            let entry = entry.ok()?;
            let Ok(own) = entry.metadata() else { continue };
            // What a link leads to counts as well.
            let target = fs::metadata(entry.path());
            let target = target.as_ref().unwrap_or(&own);
            files.push((entry.file_name(), Stat::of(&own), Stat::of(target)));
        }
        files.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        Some(Self {
            taken,
            real,
            directory: stat,
            files,
        })
    }

    /// Whether what has changed since is seen by the times of the files.
    pub(super) fn is_settled(&self) -> bool {
        let taken = self.taken.duration_since(UNIX_EPOCH).unwrap_or_default();
        let settled = taken.saturating_sub(TICK);
        let settled = (settled.as_secs() as i64, i64::from(settled.subsec_nanos()));
        let files = self.files.iter().flat_map(|(_, own, target)| [own, target]);
        // One from the future is no reason to look for ever.
        let taken = (taken.as_secs() as i64, i64::from(taken.subsec_nanos()));
        let mut all = files.chain([&self.directory]);
        all.all(|stat| stat.changed < settled || stat.changed > taken)
    }
}

impl PartialEq for Fingerprint {
    fn eq(&self, other: &Self) -> bool {
        self.real == other.real && self.directory == other.directory && self.files == other.files
    }
}

impl Stat {
    fn of(metadata: &Metadata) -> Self {
        Self {
            place: (metadata.dev(), metadata.ino()),
            len: metadata.len(),
            rights: (metadata.mode(), metadata.uid(), metadata.gid()),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "all of it is tests")]

    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn whatever_is_done_to_a_file_of_the_directory_is_seen_and_reading_it_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let target = elsewhere.path().join("b");
        fs::write(at("a.so"), "a").unwrap();
        fs::write(&target, "b").unwrap();
        let mut before = Fingerprint::of(directory.path()).unwrap();
        let steps: [(&str, &dyn Fn()); 6] = [
            ("a file that comes", &|| fs::write(at("c.so"), "c").unwrap()),
            ("one that is written to", &|| {
                fs::write(at("c.so"), "d").unwrap()
            }),
            ("one that is renamed", &|| {
                fs::rename(at("c.so"), at("d.so")).unwrap()
            }),
            ("a link", &|| symlink(&target, at("b.so")).unwrap()),
            ("what it leads to", &|| {
                fs::write(&target, "longer").unwrap()
            }),
            ("one that goes", &|| fs::remove_file(at("a.so")).unwrap()),
        ];
        for (what, change) in steps {
            std::thread::sleep(TICK / 2);
            change();
            let after = Fingerprint::of(directory.path()).unwrap();
            assert_ne!(before, after, "{what}");
            assert!(!after.is_settled(), "{what}");
            before = after;
        }
        std::thread::sleep(TICK * 2);
        fs::read(at("d.so")).unwrap();
        let after = Fingerprint::of(directory.path()).unwrap();
        assert_eq!(before, after);
        assert!(after.is_settled());
        drop(directory);
        assert!(Fingerprint::of(&before.real).is_none());
    }
}
