//! A line that is put together and written without taking memory.

use std::mem::MaybeUninit;

/// The longest line.
const LEN: usize = 512;

/// Milliseconds that whoever reads standard error gets to make room.
const ROOM_WITHIN: libc::c_int = 500;

/// A line; what is too long for it is cut off.
pub(super) struct Line {
    bytes: [u8; LEN],
    len: usize,
}

impl Line {
    pub(super) fn new() -> Self {
        Self {
            bytes: [0; LEN],
            len: 0,
        }
    }

    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        // One place is kept for the end of the line.
        for byte in text.bytes().take(LEN - 1 - self.len) {
            self.bytes[self.len] = byte;
            self.len += 1;
        }
        self
    }

    pub(super) fn number(&mut self, number: u64) -> &mut Self {
        let mut digits = [0; 20];
        let mut at = digits.len();
        let mut rest = number;
        while at == digits.len() || rest > 0 {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        let text = std::str::from_utf8(&digits[at..]);
        self.text(text.unwrap_or_default())
    }

    /// Writes it to standard error, unless whoever reads that takes nothing.
    pub(super) fn write(&mut self) {
        self.bytes[self.len] = b'\n';
        let mut stderr = libc::pollfd {
            fd: libc::STDERR_FILENO,
            events: libc::POLLOUT,
            revents: 0,
        };
        // SAFETY: it is one description, as the number says.
        if unsafe { libc::poll(&raw mut stderr, 1, ROOM_WITHIN) } > 0 {
            // SAFETY: so many bytes are there.
            unsafe { libc::write(stderr.fd, self.bytes.as_ptr().cast(), self.len + 1) };
        }
    }
}

/// The limit on the address space, where there is one.
pub(super) fn address_space_limit() -> Option<u64> {
    let mut limit = MaybeUninit::<libc::rlimit>::uninit();
    // SAFETY: it writes a limit, to memory for one.
    let asked = unsafe { libc::getrlimit(libc::RLIMIT_AS, limit.as_mut_ptr()) };
    // SAFETY: where the call has succeeded, it was written.
    let limit = (asked == 0).then(|| unsafe { limit.assume_init() }.rlim_cur);
    limit.filter(|limit| *limit != libc::RLIM_INFINITY)
}

/// What of it is in use; 0 where the system does not say.
pub(super) fn address_space_used() -> u64 {
    let mut text = [0_u8; 32];
    // SAFETY: the path is a text that ends with a NUL.
    let file = unsafe {
        libc::open(
            c"/proc/self/statm".as_ptr(),
            libc::O_RDONLY | libc::O_CLOEXEC,
        )
    };
    // SAFETY: so many bytes have room there; without a file it fails.
    let read = unsafe { libc::read(file, text.as_mut_ptr().cast(), text.len()) };
    // SAFETY: nobody else has it; without a file it fails.
    unsafe { libc::close(file) };
    let read = usize::try_from(read).unwrap_or(0);
    let digits = text[..read].iter().take_while(|byte| byte.is_ascii_digit());
    let pages = digits.fold(0_u64, |pages, digit| {
        pages.wrapping_mul(10).wrapping_add((digit - b'0').into())
    });
    // SAFETY: it takes a number.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    pages.wrapping_mul(u64::try_from(page).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(line: &Line) -> &str {
        std::str::from_utf8(&line.bytes[..line.len]).unwrap()
    }

    #[test]
    fn a_line_is_put_together_and_never_too_long() {
        let mut line = Line::new();
        line.text("a ").number(0).text(" ").number(u64::MAX);
        assert_eq!(written(&line), "a 0 18446744073709551615");
        for _ in 0..LEN {
            line.text("long");
        }
        assert_eq!(line.len, LEN - 1);
    }

    #[test]
    fn what_this_process_uses_is_known() {
        assert!(address_space_used() > 1 << 20 || !cfg!(target_os = "linux"));
    }
}
