//! Where the code of a library is.

#![allow(
    unsafe_code,
    reason = "only the system knows what of a library is where"
)]

use std::ops::Range;

/// From the first to the last address of code in the library that has something at `address`; empty where
/// the system does not say.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(super) fn around(address: usize) -> Range<usize> {
    let mut sought = Sought {
        address,
        code: 0..0,
    };
    // SAFETY: the function is called with what it expects, and with this pointer, while this call lasts.
    unsafe { libc::dl_iterate_phdr(Some(look), (&raw mut sought).cast()) };
    sought.code
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(super) fn around(_address: usize) -> Range<usize> {
    0..0
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
struct Sought {
    address: usize,
    code: Range<usize>,
}

/// Looks at one library; 1 where it is the one.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
extern "C" fn look(
    library: *mut libc::dl_phdr_info,
    _size: libc::size_t,
    sought: *mut libc::c_void,
) -> libc::c_int {
    use libc::{PF_X, PT_LOAD};

    // SAFETY: the system hands out a description that lives while this is called.
    let library = unsafe { &*library };
    // SAFETY: it is what `around` has given, which nobody else uses meanwhile.
    let sought = unsafe { &mut *sought.cast::<Sought>() };
    // Its headers need not be read, which are in no cache where there are hundreds of libraries.
    if library.dlpi_addr as usize > sought.address {
        return 0;
    }
    // SAFETY: the headers are there as many times as the description says.
    let headers =
        unsafe { std::slice::from_raw_parts(library.dlpi_phdr, library.dlpi_phnum.into()) };
    let span = |header: &libc::Elf64_Phdr| {
        let start = library.dlpi_addr.wrapping_add(header.p_vaddr) as usize;
        start..start.saturating_add(header.p_memsz as usize)
    };
    let mut loaded = headers.iter().filter(|header| header.p_type == PT_LOAD);
    if !loaded.any(|header| span(header).contains(&sought.address)) {
        return 0;
    }
    let code = headers
        .iter()
        .filter(|header| header.p_type == PT_LOAD && header.p_flags & PF_X != 0);
    for span in code.map(span) {
        let is_first = sought.code.is_empty();
        sought.code.start = if is_first {
            span.start
        } else {
            sought.code.start.min(span.start)
        };
        sought.code.end = sought.code.end.max(span.end);
    }
    1
}

#[cfg(all(test, target_os = "linux", target_env = "gnu"))]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_a_library_is_found_by_any_address_in_it() {
        static DATA: [u8; 4] = [1, 2, 3, 4];
        let code = around((&raw const DATA).addr());
        let here = the_code_of_a_library_is_found_by_any_address_in_it as *const () as usize;
        assert!(code.contains(&here) && code.len() < 1 << 30, "{code:x?}");
        assert!(!code.contains(&(libc::abs as *const () as usize)));
        assert!(around(8).is_empty());
    }
}
