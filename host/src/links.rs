//! The way that a path leads: every directory on it, and every link that is followed.
//!
//! The system follows links without a word. Who owns one, or can write to the directory that it is in,
//! decides where the path leads, so each step can be looked at here.

use std::collections::{HashSet, VecDeque};
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

/// As many links as the system follows.
const MOST_LINKS: usize = 40;

/// In a directory with these bits others can put files, or links.
const WRITABLE: u32 = 0o022;

/// The way of a path.
#[derive(Debug)]
pub(crate) struct Way {
    /// Where it leads: absolute and without links, as far as it is there.
    pub(crate) end: PathBuf,
    /// The directories that it leads through, itself included where it is one, and the links.
    pub(crate) steps: Vec<Step>,
    pub(crate) leads_to: End,
}

/// A directory or a link.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) path: PathBuf,
    pub(crate) metadata: Metadata,
}

/// What is at the end of a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// A file of any kind.
    File,
    /// Nothing yet: it, or a directory above it, is missing.
    Nothing,
    /// An open file of a process: a link that leads to no name.
    Descriptor,
}

impl Way {
    /// Follows `path` to its end, as the system would.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let mut left = VecDeque::new();
        prepend(&mut left, &std::path::absolute(path)?);
        let root = Path::new("/");
        let mut way = Self {
            end: root.to_owned(),
            steps: vec![Step::at(root)?],
            leads_to: End::File,
        };
        let mut links = 0;
        while let Some(name) = left.pop_front() {
            if name == ".." {
                way.end.pop();
                continue;
            }
            let next = way.end.join(&name);
            let step = match Step::at(&next) {
                Ok(step) => step,
                Err(err) if err.kind() == ErrorKind::NotFound => {
                    way.end = left.iter().fold(next, |path, name| path.join(name));
                    way.leads_to = End::Nothing;
                    return Ok(way);
                }
                Err(err) => return Err(err),
            };
            if !step.metadata.is_symlink() {
                way.end = next;
                if step.metadata.is_dir() {
                    way.steps.push(step);
                }
                continue;
            }
            if is_descriptor(&next) {
                way.end = next;
                way.leads_to = End::Descriptor;
                return Ok(way);
            }
            links += 1;
            if links > MOST_LINKS {
                return Err(io::Error::from_raw_os_error(libc::ELOOP));
            }
            let target = fs::read_link(&next)?;
            if target.is_absolute() {
                way.end = root.to_owned();
            }
            prepend(&mut left, &target);
            way.steps.push(step);
        }
        Ok(way)
    }

    /// The links that somebody can change who has no right to the rest: those in directories of
    /// several users.
    pub(crate) fn links_of_others(&self) -> impl Iterator<Item = &Step> {
        self.steps
            .iter()
            .filter(|step| step.metadata.is_symlink() && self.is_among_others(step))
    }

    fn is_among_others(&self, link: &Step) -> bool {
        let mut above = self.steps.iter();
        above.any(|step| {
            link.path.parent() == Some(&step.path) && step.metadata.mode() & WRITABLE != 0
        })
    }
}

impl Step {
    fn at(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            metadata: fs::symlink_metadata(path)?,
        })
    }
}

/// Puts the names of `path` in front of those that are left.
fn prepend(left: &mut VecDeque<OsString>, path: &Path) {
    for component in path.components().rev() {
        match component {
            Component::Normal(name) => left.push_front(name.to_owned()),
            Component::ParentDir => left.push_front("..".into()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
}

/// Whether a link is that of an open file, as in `/proc/self/fd/1`: its text need not be a name.
fn is_descriptor(link: &Path) -> bool {
    let names: Vec<_> = link.iter().map(|name| name.to_string_lossy()).collect();
    matches!(&*names, [root, proc, .., fd, _] if root == "/" && proc == "proc" && fd == "fd")
}

/// Why a link leads to no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    /// What it leads to is not there.
    Dangling,
    /// It leads back to itself.
    Loop,
    /// There are more links from it on than the system follows.
    TooMany,
}

/// What is wrong with the links from `path` on, which the system could not follow; `None` where it is
/// something else.
pub(crate) fn broken(path: &Path, err: &io::Error) -> Option<Broken> {
    match (err.kind(), err.raw_os_error()) {
        (ErrorKind::NotFound, _) => Some(Broken::Dangling),
        (_, Some(libc::ELOOP)) if leads_back(path) => Some(Broken::Loop),
        (_, Some(libc::ELOOP)) => Some(Broken::TooMany),
        _ => None,
    }
}

/// Whether the links from `path` on lead back to one of them.
fn leads_back(path: &Path) -> bool {
    /// More links than anybody makes.
    const MOST: usize = 10_000;
    let (mut seen, mut here) = (HashSet::new(), path.to_owned());
    while let Ok(target) = fs::read_link(&here) {
        let next = here.parent().unwrap_or(&here).join(target);
        if seen.len() == MOST || !seen.insert(std::mem::replace(&mut here, next)) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_way_has_every_directory_and_every_link_of_it() {
        let directory = tempfile::tempdir().unwrap();
        let top = fs::canonicalize(directory.path()).unwrap();
        fs::create_dir_all(top.join("a/b")).unwrap();
        fs::write(top.join("a/b/file"), "").unwrap();
        symlink("../a/b", top.join("a/up")).unwrap();
        symlink(top.join("a/up"), top.join("link")).unwrap();
        let way = Way::of(&top.join("link/../b/file")).unwrap();
        assert_eq!((way.end, way.leads_to), (top.join("a/b/file"), End::File));
        for step in ["link", "a", "a/up", "a/b"] {
            let step = top.join(step);
            assert!(way.steps.iter().any(|it| it.path == step), "{step:?}");
        }
        let missing = Way::of(&top.join("link/none/file")).unwrap();
        assert_eq!(missing.end, top.join("a/b/none/file"));
        assert_eq!(missing.leads_to, End::Nothing);
        symlink("loop", top.join("loop")).unwrap();
        let err = Way::of(&top.join("loop")).unwrap_err();
        assert_eq!(err.raw_os_error(), Some(libc::ELOOP));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_descriptor_is_the_end_of_its_way() {
        let way = Way::of(Path::new("/dev/stdout")).unwrap();
        assert_eq!(way.leads_to, End::Descriptor);
        let own = format!("/proc/{}/fd/1", std::process::id());
        assert_eq!(way.end, Path::new(&own));
    }
}
