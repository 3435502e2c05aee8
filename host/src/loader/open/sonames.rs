//! The names by which the system's loader knows the libraries of this process.
//!
//! When a library asks for another by name, the loader gives it the first that carries the name,
//! whatever its file: a plugin that is called `libz.so.1` would answer for zlib.

use std::collections::HashMap;

use parking_lot::{Mutex, MutexGuard};

use super::error::OpenError;
use crate::loader::inspect::Requirements;

/// What the plugins of this process are called and ask for. The system forgets no library, so
/// neither does this.
static OPENED: Mutex<Option<Sonames>> = Mutex::new(None);

/// What libraries are called and what they ask for; the files they came from.
#[derive(Debug, Default, Clone)]
pub(in crate::loader) struct Sonames {
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
    pub(in crate::loader) fn opened() -> Self {
        OPENED.lock().clone().unwrap_or_default()
    }

    pub(in crate::loader) fn check(
        &self,
        file: &str,
        requirements: &Requirements,
    ) -> Result<(), OpenError> {
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

    pub(in crate::loader) fn add(&mut self, file: &str, requirements: &Requirements) {
        for library in &requirements.libraries {
            self.asked_for.insert(library.clone(), file.to_owned());
        }
        if let Some(soname) = &requirements.soname {
            self.called.insert(soname.clone(), file.to_owned());
        }
    }
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
        let fact = |file, requirements: &Requirements| {
            known
                .check(file, requirements)
                .err()
                .map(|err| err.to_string())
        };
        assert_eq!(
            fact("b.so", &requirements(Some("libz.so.1"), &[])).unwrap(),
            "its SONAME libz.so.1 is a library that a.so asks for"
        );
        assert_eq!(
            fact("b.so", &requirements(None, &["liba.so.1"])).unwrap(),
            "it asks for liba.so.1, which is the SONAME of a.so"
        );
        // Two builds of one plugin, or two that nobody asks for, are no trouble.
        assert_eq!(
            fact("b.so", &requirements(Some("liba.so.1"), &["libz.so.1"])),
            None
        );
    }
}
