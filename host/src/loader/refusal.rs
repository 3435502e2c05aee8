//! A refusal is one thing: a fact, an advice and a code.
//!
//! Each stage has an error of its own, which displays as the fact: what was found, and what was
//! expected. What to do about it, and the name that scripts and metrics know it by, are the other two
//! parts of [`Refusal`]. [`sentence`] is the one way in which they are printed.

mod advice;
mod cause;
mod option;

use std::fmt;

pub use advice::Advice;
pub(in crate::loader) use cause::{Cause, message};
pub use option::{LoaderOption, OptionNames, method};

/// Why a file or a directory is not used. It displays as the fact.
pub trait Refusal: fmt::Display {
    /// A short name of the reason in snake case, for scripts and metrics. It never changes.
    fn code(&self) -> &'static str;

    /// What to do about it. It follows the cause: where the machine is short of something, it says
    /// so, and asks nothing of the plugin's author.
    fn advice(&self) -> Advice;

    /// The single refusals, where this one sums up several.
    fn parts(&self) -> Vec<&dyn Refusal> {
        Vec::new()
    }
}

/// A refusal on one line: the fact, the advice, and the option that would let the file pass, under
/// the name that `names` has for it ([`method`] has the library's own).
///
/// Facts quote what files and plugins say, which is any text at all: what would act on a terminal is
/// written out.
#[must_use]
pub fn sentence(refusal: &dyn Refusal, names: OptionNames) -> String {
    sentences(refusal, names).join("; ")
}

/// One line for each of the single refusals that a refusal sums up; the same line as [`sentence`]
/// where it is a single one.
#[must_use]
pub fn sentences(refusal: &dyn Refusal, names: OptionNames) -> Vec<String> {
    let parts = refusal.parts();
    if parts.is_empty() {
        return vec![refusal.advice().after(refusal, names)];
    }
    let parts = parts.into_iter();
    parts.flat_map(|part| sentences(part, names)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Found(&'static str);

    impl fmt::Display for Found {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Refusal for Found {
        fn code(&self) -> &'static str {
            "found"
        }

        fn advice(&self) -> Advice {
            Advice::new("chown it, or trust its owner").with(LoaderOption::TrustOwner(7))
        }
    }

    struct Two;

    impl fmt::Display for Two {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("one; two")
        }
    }

    impl Refusal for Two {
        fn code(&self) -> &'static str {
            "one"
        }

        fn advice(&self) -> Advice {
            Advice::new("do both")
        }

        fn parts(&self) -> Vec<&dyn Refusal> {
            vec![&Found("one"), &Found("two")]
        }
    }

    #[test]
    fn a_refusal_is_printed_as_fact_advice_and_option() {
        assert_eq!(
            sentence(&Found("it is user 7's"), method),
            "it is user 7's: chown it, or trust its owner (PluginLoader::trust_owner(7))"
        );
        assert_eq!(
            sentence(&Found("it says: \u{1b}[2J\nno"), |_| Some(
                "--flag 7".to_owned()
            )),
            "it says: \\u{1b}[2J / no; chown it, or trust its owner (--flag 7)"
        );
        assert_eq!(
            sentence(&Found("it is user 7's"), |_| None),
            "it is user 7's: chown it, or trust its owner"
        );
    }

    #[test]
    fn each_of_several_reasons_keeps_its_own_advice() {
        assert_eq!(
            sentence(&Two, |_| Some("x".to_owned())),
            "one: chown it, or trust its owner (x); two: chown it, or trust its owner (x)"
        );
    }
}
