//! Symbols that there is one of in a process, whichever library asks for them.
//!
//! C++ makes such symbols of inline variables and of statics in templates. A second version of a library
//! that is opened beside the first is bound to the data of the first, whatever the loader is told: it
//! would work on state that it has not made.

use std::collections::HashMap;

use parking_lot::{Mutex, MutexGuard};

use super::error::OpenError;
use super::room::Beside;
use crate::loader::inspect::Requirements;

/// Which file has defined each first.
static DEFINED: Mutex<Option<HashMap<String, String>>> = Mutex::new(None);

/// Symbols that become known when the library has been opened.
pub(super) struct Reserved<'a> {
    defined: MutexGuard<'static, Option<HashMap<String, String>>>,
    file: &'a str,
    requirements: &'a Requirements,
}

/// Checks that a library which replaces another is not bound to the data of one that is open.
pub(super) fn reserve<'a>(
    file: &'a str,
    requirements: &'a Requirements,
    beside: Option<&Beside>,
) -> Result<Reserved<'a>, OpenError> {
    let mut defined = DEFINED.lock();
    let known = defined.get_or_insert_default();
    if beside.is_some_and(|beside| beside.replaces) {
        let mut symbols = requirements.unique.iter();
        let taken = symbols.find_map(|symbol| Some((symbol, known.get(symbol)?)));
        if let Some((symbol, first)) = taken {
            return Err(OpenError::SymbolTaken {
                symbol: symbol.clone(),
                first: first.clone(),
            });
        }
    }
    Ok(Reserved {
        defined,
        file,
        requirements,
    })
}

impl Reserved<'_> {
    /// Notes the symbols of the library, which has been opened.
    pub(super) fn keep(mut self) {
        let known = self.defined.get_or_insert_default();
        for symbol in &self.requirements.unique {
            let file = || self.file.to_owned();
            known.entry(symbol.clone()).or_insert_with(file);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "all of it is tests")]

    use super::*;

    fn beside(replaces: bool) -> Option<Beside> {
        Some(Beside {
            max_images: u64::MAX,
            max_bytes: u64::MAX,
            replaces,
        })
    }

    #[test]
    fn only_a_replacement_is_refused_for_what_a_process_has_once() {
        let cpp = Requirements {
            unique: vec!["_ZN3foo5stateE".to_owned()],
            ..Requirements::default()
        };
        reserve("one.so", &cpp, None).unwrap().keep();
        // Two plugins that use one library of C++ are no trouble.
        reserve("two.so", &cpp, beside(false).as_ref())
            .unwrap()
            .keep();
        let Err(refused) = reserve("one.so", &cpp, beside(true).as_ref()) else {
            panic!("it would work on the data of the first");
        };
        assert_eq!(
            refused.to_string(),
            "the process has one _ZN3foo5stateE, and one.so, which is open, has made it"
        );
        let plain = Requirements::default();
        assert!(reserve("one.so", &plain, beside(true).as_ref()).is_ok());
    }
}
