//! Errors of the operating system as text that says what to do about them.

use std::io;
use std::io::ErrorKind;
use std::time::Duration;

/// An error of the operating system and, where the machine or a permission is at fault rather than
/// what was asked for, what an operator can do about it.
///
/// `wanted` is what the host's user has no permission for if that is the error, as in `read it`.
///
/// # Examples
///
/// ```
/// use std::io;
///
/// use solti_plugin_abi::os_error::explain;
///
/// let denied = io::Error::from_raw_os_error(13);
/// assert_eq!(
///     explain(&denied, "read it"),
///     "Permission denied (os error 13); let the host's user read it"
/// );
/// let missing = io::Error::from_raw_os_error(2);
/// assert_eq!(explain(&missing, "read it"), "No such file or directory (os error 2)");
/// ```
#[must_use]
pub fn explain(error: &io::Error, wanted: &str) -> String {
    let advice = match (error.raw_os_error(), error.kind()) {
        (Some(libc::EMFILE), _) => "raise the host's limit on open files (ulimit -n)",
        (Some(libc::ENFILE), _) => "raise the system's limit on open files (fs.file-max)",
        (Some(libc::ELOOP), _) => "point the link to a file",
        (_, ErrorKind::OutOfMemory) => "free memory, or raise the host's limit on it",
        (_, ErrorKind::WouldBlock) => "raise the host's limit on processes (ulimit -u, pids.max)",
        (_, ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => "make room there",
        (_, ErrorKind::PermissionDenied) => {
            return format!("{error}; let the host's user {wanted}");
        }
        _ => return error.to_string(),
    };
    format!("{error}; {advice}")
}

/// Whether an error is about the state of the machine, which may pass: no descriptor, process or memory
/// is left, or a program is being written.
///
/// ```
/// use std::io;
///
/// use solti_plugin_abi::os_error::may_pass;
///
/// assert!(may_pass(&io::Error::from_raw_os_error(24)));
/// assert!(!may_pass(&io::Error::from_raw_os_error(2)));
/// ```
#[must_use]
pub fn may_pass(error: &io::Error) -> bool {
    use libc::{EAGAIN, EMFILE, ENFILE, ENOMEM, ETXTBSY};
    matches!(
        error.raw_os_error(),
        Some(EAGAIN | EMFILE | ENFILE | ENOMEM | ETXTBSY)
    )
}

/// How long to wait before what failed by the state of the machine is tried again, each time longer: a
/// second and a third in all.
pub const PAUSES: [Duration; 5] = [
    Duration::from_millis(10),
    Duration::from_millis(30),
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_millis(900),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_machine_is_short_of_is_not_blamed_on_what_was_asked_for() {
        let explained = |code| {
            let error = io::Error::from_raw_os_error(code);
            let text = explain(&error, "read it");
            let advice = text.strip_prefix(&format!("{error}; "));
            advice.map(ToOwned::to_owned)
        };
        for (code, advice) in [
            (
                libc::EMFILE,
                "raise the host's limit on open files (ulimit -n)",
            ),
            (
                libc::ENFILE,
                "raise the system's limit on open files (fs.file-max)",
            ),
            (libc::ENOMEM, "free memory, or raise the host's limit on it"),
            (
                libc::EAGAIN,
                "raise the host's limit on processes (ulimit -u, pids.max)",
            ),
            (libc::ENOSPC, "make room there"),
            (libc::EDQUOT, "make room there"),
            (libc::EPERM, "let the host's user read it"),
        ] {
            assert_eq!(explained(code).as_deref(), Some(advice));
        }
        assert_eq!(explained(libc::ENOENT), None);
    }
}
