//! How much memory the system keeps, in each thread, for thread-locals with a fixed place in it.
//!
//! A library that is opened while the process runs gets its share of it, or is refused: an allocator
//! that was built for speed asks for some. glibc tells nobody how much there is, but how it comes about
//! has been the same since version 2.33.

use std::env;

/// What glibc reckons with for each namespace: its own library in all but the first, and another
/// library that is opened later.
const OF_LIBC: u64 = 160;
const OF_ANOTHER: u64 = 144;

/// What was there before namespaces were counted.
const BASE: u64 = 144;

/// How many namespaces there are, and the memory that is kept beside, unless the environment says
/// otherwise.
const NAMESPACES: (&str, u64) = ("glibc.rtld.nns", 4);
const OPTIONAL: (&str, u64) = ("glibc.rtld.optional_static_tls", 512);

/// How much it is in all, in bytes, to within 63; `None` where the system's C library is not glibc.
#[must_use]
pub fn static_tls_room() -> Option<u64> {
    cfg!(all(target_os = "linux", target_env = "gnu"))
        .then(|| room(&env::var("GLIBC_TUNABLES").unwrap_or_default()))
}

fn room(tunables: &str) -> u64 {
    let value = |(name, usual): (&str, u64)| {
        let mut set = tunables
            .split(':')
            .filter_map(|tunable| tunable.split_once('='))
            .filter(|(of, _)| *of == name);
        set.next_back()
            .and_then(|(_, value)| value.parse().ok())
            .unwrap_or(usual)
    };
    // More than sixteen namespaces there never are.
    let namespaces = value(NAMESPACES).clamp(1, 16);
    let optional = value(OPTIONAL).min(1 << 20);
    (namespaces - 1) * OF_LIBC + namespaces * OF_ANOTHER + BASE + optional
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides_how_much_there_is() {
        assert_eq!(room(""), 1_712);
        assert_eq!(room("glibc.rtld.optional_static_tls=1024"), 2_224);
        assert_eq!(room("glibc.malloc.check=3:glibc.rtld.nns=2"), 1_104);
        assert_eq!(room("glibc.rtld.nns=many"), 1_712);
    }
}
