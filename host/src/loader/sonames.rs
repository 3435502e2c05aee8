//! The names by which the system's loader knows the libraries of this process.
//!
//! When a library asks for another by name, the loader gives it the first that carries the name,
//! whatever its file: a plugin that is called `libz.so.1` would answer for zlib.

use std::collections::HashMap;

use parking_lot::{Mutex, MutexGuard};

use super::error::OpenError;
use super::inspect::Requirements;

/// What the plugins of this process are called and ask for. The system forgets no library, so
/// neither does this.
static OPENED: Mutex<Option<Sonames>> = Mutex::new(None);

/// What libraries are called and what they ask for; the files they came from.
#[derive(Debug, Default, Clone)]
pub(super) struct Sonames {
    called: HashMap<String, String>,
    asked_for: HashMap<String, String>,
}

/// Names that become known when the library has been opened. Until then no other is opened.
#[derive(Debug)]
pub(super) struct Reserved<'a> {
    opened: MutexGuard<'static, Option<Sonames>>,
    file: &'a str,
    requirements: &'a Requirements,
}

/// Checks that a library and the others do not answer for each other.
pub(super) fn reserve<'a>(
    file: &'a str,
    requirements: &'a Requirements,
) -> Result<Reserved<'a>, OpenError> {
    let mut opened = OPENED.lock();
    opened.get_or_insert_default().check(file, requirements)?;
    Ok(Reserved {
        opened,
        file,
        requirements,
    })
}

impl Reserved<'_> {
    /// Notes the names of the library, which has been opened.
    pub(super) fn keep(mut self) {
        let opened = self.opened.get_or_insert_default();
        opened.add(self.file, self.requirements);
    }
}

impl Sonames {
    /// Those of this process.
    pub(super) fn opened() -> Self {
        OPENED.lock().clone().unwrap_or_default()
    }

    pub(super) fn check(&self, file: &str, requirements: &Requirements) -> Result<(), OpenError> {
        let taken = |reason| Err(OpenError::SonameTaken { reason });
        if let Some(soname) = &requirements.soname
            && let Some(other) = self.asked_for.get(soname)
        {
            return taken(format!(
                "its SONAME {soname} is a library that {other} asks for"
            ));
        }
        for library in &requirements.libraries {
            match self.called.get(library) {
                Some(other) if other != file => {
                    return taken(format!(
                        "it asks for {library}, which is the SONAME of {other}"
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn add(&mut self, file: &str, requirements: &Requirements) {
        for library in &requirements.libraries {
            self.asked_for.insert(library.clone(), file.to_owned());
        }
        if let Some(soname) = &requirements.soname {
            self.called.insert(soname.clone(), file.to_owned());
        }
    }
}

/// Whether this process has a library of that file name.
pub(super) fn is_of_the_host(soname: &str) -> bool {
    let maps = std::fs::read("/proc/self/maps").unwrap_or_default();
    maps.split(|byte| *byte == b'\n')
        .filter_map(|line| line.rsplit(|byte| *byte == b'/').next())
        .any(|name| name == soname.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirements(soname: Option<&str>, libraries: &[&str]) -> Requirements {
        Requirements {
            soname: soname.map(str::to_owned),
            libraries: libraries.iter().map(ToString::to_string).collect(),
            ..Requirements::default()
        }
    }

    #[test]
    fn no_library_answers_for_another_whichever_comes_first() {
        let mut known = Sonames::default();
        known.add("a.so", &requirements(Some("liba.so.1"), &["libz.so.1"]));
        let said = |file, requirements: &Requirements| {
            known
                .check(file, requirements)
                .err()
                .map(|err| err.to_string())
        };
        assert_eq!(
            said("b.so", &requirements(Some("libz.so.1"), &[])).unwrap(),
            "its SONAME libz.so.1 is a library that a.so asks for: build the one that is called so \
             without a SONAME"
        );
        assert_eq!(
            said("b.so", &requirements(None, &["liba.so.1"])).unwrap(),
            "it asks for liba.so.1, which is the SONAME of a.so: build the one that is called so \
             without a SONAME"
        );
        // Two builds of one plugin, or two that nobody asks for, are no trouble.
        assert_eq!(
            said("b.so", &requirements(Some("liba.so.1"), &["libz.so.1"])),
            None
        );
        assert!(is_of_the_host("libc.so.6") || !cfg!(target_env = "gnu"));
        assert!(!is_of_the_host("libnobody.so.6"));
    }
}
