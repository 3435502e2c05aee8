//! Versions of the C library.

use std::fmt;

use serde::{Serialize, Serializer};

/// A version of glibc.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GlibcVersion {
    major: u32,
    minor: u32,
    patch: u32,
}

impl GlibcVersion {
    /// Reads `2.36` or `2.3.4`; `None` for what is no version.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split('.').map(|number| number.parse().ok());
        let version = Self {
            major: numbers.next()??,
            minor: numbers.next()??,
            patch: numbers.next().unwrap_or(Some(0))?,
        };
        numbers.next().is_none().then_some(version)
    }

    /// The version this process runs with, where it is glibc.
    pub(super) fn of_this_host() -> Option<Self> {
        Self::parse(host_version()?)
    }
}

#[cfg(target_env = "gnu")]
fn host_version() -> Option<&'static str> {
    use std::ffi::CStr;
    #[expect(unsafe_code, reason = "a call into the C library")]
    // SAFETY: it takes nothing and returns a constant of the C library.
    let version = unsafe { libc::gnu_get_libc_version() };
    #[expect(unsafe_code, reason = "a call into the C library")]
    // SAFETY: the C library promises a terminated string that lives as long as the process.
    let version = unsafe { CStr::from_ptr(version) };
    version.to_str().ok()
}

#[cfg(not(target_env = "gnu"))]
fn host_version() -> Option<&'static str> {
    None
}

impl fmt::Display for GlibcVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            major,
            minor,
            patch,
        } = self;
        match patch {
            0 => write!(f, "{major}.{minor}"),
            patch => write!(f, "{major}.{minor}.{patch}"),
        }
    }
}

impl Serialize for GlibcVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let version = |text| GlibcVersion::parse(text).unwrap();
        assert!(version("2.9") < version("2.36"));
        assert!(version("2.2.5") < version("2.3"));
        assert_eq!(version("2.36").to_string(), "2.36");
        assert_eq!(version("2.2.5").to_string(), "2.2.5");
        for none in ["PRIVATE", "2", "2.x", "2.1.2.3", "ABI_DT_RELR"] {
            assert_eq!(GlibcVersion::parse(none), None);
        }
    }
}
