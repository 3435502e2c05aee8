//! From why the system refused something to what can be done about it.
//!
//! Each stage asks the system for something, and any of it may fail for a reason that has nothing to
//! do with the file at hand. What to do about that is said here, once.

use std::io;

use super::advice::Advice;
use super::option::LoaderOption;

/// Why the system refused something, as far as the advice depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::loader) enum Cause {
    /// This process has as many open files as it may have.
    NoDescriptors,
    /// The system has as many open files as it may have.
    NoDescriptorsInSystem,
    /// There is no memory left, or no more for this process.
    NoMemory,
    /// This user, or this group of processes, may have no more processes or threads.
    NoProcesses,
    /// There is no room left on the device, or no more for this user.
    NoRoom,
    /// This process may write no larger files.
    FileSize,
    /// The device can only be read.
    ReadOnly,
    /// The user that the host runs as has no right to it.
    NoRight,
    /// Links lead back to each other.
    LinkLoop,
    /// The mount allows no code to be run from it.
    NoExecMount,
    /// The security policy of the system forbids the host to map code.
    NoCode,
    /// The device failed.
    Device,
    /// None of these: what was asked for is not there, or is not what it should be.
    Other,
}

impl Cause {
    /// The cause of an error of the system.
    pub(in crate::loader) fn of(error: &io::Error) -> Self {
        match error.raw_os_error() {
            Some(libc::EMFILE) => Self::NoDescriptors,
            Some(libc::ENFILE) => Self::NoDescriptorsInSystem,
            Some(libc::ENOMEM) => Self::NoMemory,
            Some(libc::EAGAIN) => Self::NoProcesses,
            Some(libc::ENOSPC | libc::EDQUOT) => Self::NoRoom,
            Some(libc::EFBIG) => Self::FileSize,
            Some(libc::EROFS) => Self::ReadOnly,
            Some(libc::EACCES | libc::EPERM) => Self::NoRight,
            Some(libc::ELOOP) => Self::LinkLoop,
            Some(libc::EIO) => Self::Device,
            _ if error.kind() == io::ErrorKind::OutOfMemory => Self::NoMemory,
            _ => Self::Other,
        }
    }

    /// The cause where only the system's loader was told: it ends its text with the system's words.
    pub(in crate::loader) fn of_text(text: &str) -> Self {
        let known = [
            libc::EMFILE,
            libc::ENFILE,
            libc::ENOMEM,
            libc::EAGAIN,
            libc::EACCES,
            libc::EPERM,
            libc::ELOOP,
            libc::EIO,
        ];
        let found = known
            .into_iter()
            .map(io::Error::from_raw_os_error)
            .find(|error| text.ends_with(message(&error.to_string())));
        let Some(error) = found else {
            return Self::Other;
        };
        let mapping = ["failed to map segment", "memory protection"]
            .into_iter()
            .any(|begin| text.contains(begin));
        match error.raw_os_error() {
            Some(libc::EPERM) if mapping => Self::NoExecMount,
            Some(libc::EACCES) if mapping => Self::NoCode,
            _ => Self::of(&error),
        }
    }

    /// What the machine lacked, as far as a plugin or a program that failed for it says so.
    ///
    /// Only what can be told from any text is looked for: the system says `EAGAIN` of much more than
    /// threads, and a right that is missing may be the plugin's own business.
    pub(in crate::loader) fn shortage_in(text: &str) -> Option<Self> {
        if text.contains("Too many open files in system") {
            Some(Self::NoDescriptorsInSystem)
        } else if text.contains("Too many open files") {
            Some(Self::NoDescriptors)
        } else if text.contains("Cannot allocate memory") {
            Some(Self::NoMemory)
        } else if text.contains("spawn") && text.contains("Resource temporarily unavailable") {
            Some(Self::NoProcesses)
        } else {
            None
        }
    }

    /// What to do about it. `wanted` is what the host's user was to be able to do, as in `read it`;
    /// `otherwise` is the advice where the machine is short of nothing.
    pub(in crate::loader) fn advice(self, wanted: &str, otherwise: Advice) -> Advice {
        match self {
            Self::NoDescriptors => {
                Advice::new("raise the host's limit on open files (ulimit -n), then try again")
            }
            Self::NoDescriptorsInSystem => {
                Advice::new("raise the system's limit on open files (fs.file-max), then try again")
            }
            Self::NoMemory => Advice::free_memory(),
            Self::NoProcesses => Advice::new(
                "raise the host's limit on processes and threads (ulimit -u, pids.max), then try again",
            ),
            Self::NoRoom => Advice::new("make room there, or stage in another directory")
                .with(LoaderOption::StageIn),
            Self::FileSize => Advice::new(
                "raise the host's limit on the size of files (ulimit -f), then try again",
            ),
            Self::ReadOnly => Advice::new("stage in a directory that can be written to")
                .with(LoaderOption::StageIn),
            Self::NoRight => Advice::new(format!("let the host's user {wanted}")),
            Self::LinkLoop => Advice::new("point the link to a file or remove it"),
            Self::NoExecMount => Advice::new("stage it on a mount without the option noexec")
                .with(LoaderOption::StageIn),
            Self::NoCode => Advice::new(
                "have the system's security policy (SELinux, AppArmor) let the host map code",
            ),
            Self::Device => Advice::new("check the device that it is on"),
            Self::Other => otherwise,
        }
    }
}

impl Advice {
    /// Where there is no memory left.
    pub(in crate::loader) fn free_memory() -> Self {
        Self::new("free memory or raise the host's limit on it, then try again")
    }
}

/// What the standard library prints of an error of the system, without the number behind it.
pub(in crate::loader) fn message(text: &str) -> &str {
    text.split(" (os error ").next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(code: i32) -> String {
        let cause = Cause::of(&io::Error::from_raw_os_error(code));
        cause
            .advice("read it", Advice::new("copy it again"))
            .to_string()
    }

    #[test]
    fn what_the_machine_is_short_of_is_not_blamed_on_the_file() {
        for (code, expected) in [
            (
                libc::EMFILE,
                "raise the host's limit on open files (ulimit -n), then try again",
            ),
            (
                libc::ENFILE,
                "raise the system's limit on open files (fs.file-max), then try again",
            ),
            (
                libc::ENOMEM,
                "free memory or raise the host's limit on it, then try again",
            ),
            (
                libc::EAGAIN,
                "raise the host's limit on processes and threads (ulimit -u, pids.max), then try again",
            ),
            (
                libc::ENOSPC,
                "make room there, or stage in another directory (PluginLoader::stage_in)",
            ),
            (
                libc::EFBIG,
                "raise the host's limit on the size of files (ulimit -f), then try again",
            ),
            (libc::EACCES, "let the host's user read it"),
            (libc::EPERM, "let the host's user read it"),
            (libc::ELOOP, "point the link to a file or remove it"),
            (libc::EIO, "check the device that it is on"),
            (libc::ENOENT, "copy it again"),
        ] {
            assert_eq!(advice(code), expected);
        }
    }

    #[test]
    fn what_a_program_says_before_it_ends_tells_what_the_machine_lacked() {
        for (text, expected) in [
            (
                "cannot listen: Too many open files (os error 24)",
                Some(Cause::NoDescriptors),
            ),
            (
                "OS can't spawn worker thread: Resource temporarily unavailable (os error 11)",
                Some(Cause::NoProcesses),
            ),
            (
                "the database is locked: Resource temporarily unavailable (os error 11)",
                None,
            ),
            ("no licence: Permission denied (os error 13)", None),
        ] {
            assert_eq!(Cause::shortage_in(text), expected, "{text}");
        }
    }

    #[test]
    fn the_words_of_the_system_at_the_end_of_a_text_tell_the_cause() {
        let cannot_open = "cannot open shared object file";
        for (text, expected) in [
            ("Too many open files", Cause::NoDescriptors),
            (
                "Too many open files in system",
                Cause::NoDescriptorsInSystem,
            ),
            ("Cannot allocate memory", Cause::NoMemory),
            ("Permission denied", Cause::NoRight),
            ("Operation not permitted", Cause::NoRight),
            ("No such file or directory", Cause::Other),
        ] {
            let text = format!("libz.so.1: {cannot_open}: {text}");
            assert_eq!(Cause::of_text(&text), expected, "{text}");
        }
    }
}
