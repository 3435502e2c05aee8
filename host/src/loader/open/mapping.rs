//! Why the system's loader could not map a library: it says that it could not, and no more.

use std::fs::File;
use std::io;
use std::ptr::null_mut;

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// How the loader's text begins where the reason is left out.
const UNEXPLAINED: [&str; 2] = ["failed to map segment", "cannot map zero-fill pages"];

/// The smallest piece that can be mapped.
const PAGE: usize = 4096;

/// The loader's text on a library that is in `file`, with the system's own words at its end.
pub(super) fn explained(text: String, file: &File) -> String {
    if !UNEXPLAINED.iter().any(|begin| text.starts_with(begin)) {
        return text;
    }
    // Where a page of it can be mapped, there is no room for the rest.
    let reason = map_page(file).err().unwrap_or(rustix::io::Errno::NOMEM);
    let words = io::Error::from(reason).to_string();
    let words = words.split(" (os error").next().unwrap_or(&words);
    format!("{text}: {words}")
}

/// Maps the first page of a file as a program's code is mapped, for a moment.
fn map_page(file: &File) -> rustix::io::Result<()> {
    let protection = ProtFlags::READ | ProtFlags::EXEC;
    // SAFETY: the system chooses an address where nothing is, so no memory in use changes.
    let page = unsafe { mmap(null_mut(), PAGE, protection, MapFlags::PRIVATE, file, 0)? };
    // SAFETY: it was just mapped, with this length, and nothing refers to it.
    unsafe { munmap(page, PAGE) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_that_is_denied_is_told_from_one_that_finds_no_room() {
        let message = "failed to map segment from shared object";
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "code").unwrap();
        let readable = File::open(file.path()).unwrap();
        assert_eq!(
            explained(message.to_owned(), &readable),
            format!("{message}: Cannot allocate memory")
        );
        let unreadable = File::options().write(true).open(file.path()).unwrap();
        assert_eq!(
            explained(message.to_owned(), &unreadable),
            format!("{message}: Permission denied")
        );
        let other = "undefined symbol: eventfx";
        assert_eq!(explained(other.to_owned(), &unreadable), other);
    }
}
