//! What Linux says of a process, of this program or another.

use std::fs;

/// What stands of a process in Linux's `/proc/PID/stat`.
///
/// The system calls for a process's group and session answer 0 where those lie outside of this
/// program's PID namespace, which no type for process numbers has room for. Here it is a number as
/// the others.
///
/// # Examples
///
/// ```
/// use solti_plugin_abi::process::Stat;
///
/// # if cfg!(target_os = "linux") {
/// let own = Stat::of(std::process::id()).expect("this process is there");
/// assert!(own.runs());
/// # }
/// assert_eq!(Stat::of(u32::MAX), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stat {
    /// The letter of its state: `R` and `S` for one that runs or sleeps, `T` for one that is stopped,
    /// `Z` for one that has ended and that nobody has waited for.
    pub state: char,
    /// Its process group; 0 when that is of another PID namespace.
    pub group: u32,
    /// Its session; 0 when that is of another PID namespace.
    pub session: u32,
    /// When it began, in hundredths of a second since the start of the system.
    pub began: u64,
}

impl Stat {
    /// That of the process with this number; `None` when there is none, when it is hidden from this
    /// user, and on every system but Linux. Reads one small file, which never blocks.
    #[must_use]
    pub fn of(pid: u32) -> Option<Self> {
        Self::read(&fs::read(format!("/proc/{pid}/stat")).ok()?)
    }

    fn read(line: &[u8]) -> Option<Self> {
        // The second field is the name that the process has given itself, which may have anything in it:
        // the system cuts it to fifteen bytes, in the middle of a character, too.
        let line = String::from_utf8_lossy(line);
        let (_, rest) = line.rsplit_once(") ")?;
        let fields: Vec<_> = rest.split_ascii_whitespace().collect();
        Some(Self {
            state: fields.first()?.chars().next()?,
            group: fields.get(2)?.parse().ok()?,
            session: fields.get(3)?.parse().ok()?,
            began: fields.get(19)?.parse().ok()?,
        })
    }

    /// Whether it runs, or could: one that has ended and that nobody has waited for does not.
    #[must_use]
    pub fn runs(&self) -> bool {
        !matches!(self.state, 'Z' | 'X')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_of_a_process_is_taken_for_what_comes_behind_it() {
        let fields = "S 1 2 3 0 -1 4 5 6 7 8 9 10 11 12 20 0 1 0 4711 99\n";
        for name in [
            &b"sh"[..],
            b"a b",
            b") S 9 9 9",
            b"",
            "ä".as_bytes(),
            b"\xc3",
        ] {
            let expected = Stat {
                state: 'S',
                group: 2,
                session: 3,
                began: 4711,
            };
            let read = Stat::read(&[b"7 (", name, b") ", fields.as_bytes()].concat());
            assert_eq!(read, Some(expected), "{name:?}");
        }
        assert_eq!(Stat::read(b"7 (sh) S 1 2"), None);
    }
}
