//! The names by which the system's loader knows the libraries of this process.
//!
//! When a library asks for another by name, the loader gives it the first that carries the name,
//! whatever its file: a plugin that is called `libz.so.1` would answer for zlib.

use std::collections::HashMap;
use std::sync::Mutex;

use super::OpenError;
use crate::loader::inspect::Needs;

/// What the plugins of this process are called and ask for; the files they came from. The system
/// forgets no library, so neither does this.
static KNOWN: Mutex<Option<Known>> = Mutex::new(None);

#[derive(Debug, Default)]
struct Known {
    called: HashMap<String, String>,
    asked_for: HashMap<String, String>,
}

/// Names that become known when the library has been opened.
#[derive(Debug)]
pub(super) struct Reserved<'a> {
    file: &'a str,
    needs: &'a Needs,
}

/// Checks that a library and the others do not answer for each other.
pub(super) fn reserve<'a>(file: &'a str, needs: &'a Needs) -> Result<Reserved<'a>, OpenError> {
    let mut known = KNOWN.lock().unwrap_or_else(|err| err.into_inner());
    known
        .get_or_insert_default()
        .check(file, needs)
        .map_err(|reason| OpenError::SonameTaken { reason })?;
    Ok(Reserved { file, needs })
}

impl Reserved<'_> {
    /// Notes the names of the library, which has been opened.
    pub(super) fn keep(self) {
        let mut known = KNOWN.lock().unwrap_or_else(|err| err.into_inner());
        known.get_or_insert_default().add(self.file, self.needs);
    }
}

impl Known {
    fn check(&self, file: &str, needs: &Needs) -> Result<(), String> {
        if let Some(soname) = &needs.soname {
            if let Some(other) = self.asked_for.get(soname) {
                return Err(format!(
                    "its SONAME {soname} is a library that {other} asks for"
                ));
            }
            if of_the_host(soname) {
                return Err(format!(
                    "its SONAME {soname} is a library that this host uses"
                ));
            }
        }
        for library in &needs.libraries {
            match self.called.get(library) {
                Some(other) if other != file => {
                    return Err(format!(
                        "it asks for {library}, which is the SONAME of {other}"
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn add(&mut self, file: &str, needs: &Needs) {
        for library in &needs.libraries {
            self.asked_for.insert(library.clone(), file.to_owned());
        }
        if let Some(soname) = &needs.soname {
            self.called.insert(soname.clone(), file.to_owned());
        }
    }
}

/// Whether this process has a library of that file name.
fn of_the_host(soname: &str) -> bool {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    maps.lines()
        .filter_map(|line| line.rsplit_once('/'))
        .any(|(_, name)| name == soname)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(soname: Option<&str>, libraries: &[&str]) -> Needs {
        Needs {
            soname: soname.map(str::to_owned),
            libraries: libraries.iter().map(ToString::to_string).collect(),
            ..Needs::default()
        }
    }

    #[test]
    fn no_library_answers_for_another_whichever_comes_first() {
        let mut known = Known::default();
        known.add("a.so", &needs(Some("liba.so.1"), &["libz.so.1"]));
        assert_eq!(
            known.check("b.so", &needs(Some("libz.so.1"), &[])),
            Err("its SONAME libz.so.1 is a library that a.so asks for".to_owned())
        );
        assert_eq!(
            known.check("b.so", &needs(None, &["liba.so.1"])),
            Err("it asks for liba.so.1, which is the SONAME of a.so".to_owned())
        );
        assert_eq!(
            known.check("b.so", &needs(Some("libc.so.6"), &[])),
            Err("its SONAME libc.so.6 is a library that this host uses".to_owned())
        );
        // Two builds of one plugin, or two that nobody asks for, are no trouble.
        assert_eq!(
            known.check("b.so", &needs(Some("liba.so.1"), &["libz.so.1"])),
            Ok(())
        );
    }
}
