//! The name of a crate, out of the path to it.

use std::path::Path;

use solti_plugin_host::text::one_line;
use thiserror::Error;

/// Words of the language, and names that cargo or the crate itself needs.
const TAKEN: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "build",
    "config",
    "const",
    "continue",
    "core",
    "crate",
    "deps",
    "do",
    "dyn",
    "else",
    "enum",
    "examples",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "incremental",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "self",
    "serde",
    "solti-plugin-abi",
    "solti-plugin-host",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "tests",
    "tokio",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "work",
    "yield",
];

/// The longest name that a file of a plugin can have with ease.
const LONGEST: usize = 64;

/// Why a name is none of a crate.
#[derive(Debug, Error, PartialEq, Eq)]
pub(super) enum NameError {
    #[error("{path}: that path has no name at its end; give the crate one, such as 'my-plugin'")]
    None { path: String },
    #[error(
        "'{name}' is no name of a crate: it begins with {found:?}, and a crate's begins with a letter; \
         such as 'my-plugin'"
    )]
    Begin { name: String, found: char },
    #[error(
        "'{name}' is no name of a crate: it has {found:?} in it; use letters from a to z, digits, '-' and \
         '_'"
    )]
    Character { name: String, found: char },
    #[error(
        "'{name}' is no name of a crate that can be built: the name is taken; such as '{name}-plugin'"
    )]
    Taken { name: String },
    #[error("the name has {found} bytes, and may have {LONGEST}; choose a shorter one")]
    Long { found: usize },
}

/// The name of the crate at `path`.
pub(super) fn of(path: &Path) -> Result<String, NameError> {
    let Some(name) = path.file_name() else {
        return Err(NameError::None {
            path: one_line(&path.to_string_lossy()).into_owned(),
        });
    };
    let name = name.to_string_lossy();
    let shown = || one_line(&name).into_owned();
    let is_inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if let Some(found) = name.chars().find(|c| !is_inner(*c)) {
        return Err(NameError::Character {
            name: shown(),
            found,
        });
    }
    match name.chars().next() {
        Some(first) if !first.is_ascii_alphabetic() => {
            return Err(NameError::Begin {
                name: shown(),
                found: first,
            });
        }
        _ => {}
    }
    if name.len() > LONGEST {
        return Err(NameError::Long { found: name.len() });
    }
    if TAKEN.contains(&&*name.to_ascii_lowercase().replace('_', "-")) {
        return Err(NameError::Taken { name: shown() });
    }
    Ok(name.into_owned())
}

/// The name of the runner's type: `my-plugin` has `MyPluginRunner`.
pub(super) fn runner_type(name: &str) -> String {
    let words = name.split(['-', '_']).filter(|word| !word.is_empty());
    let mut text: String = words
        .map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_ascii_uppercase() + rest
        })
        .collect();
    text += "Runner";
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_cargo_would_refuse_is_told_with_what_to_do() {
        for (path, error) in [
            (
                "..",
                "..: that path has no name at its end; give the crate one, such as 'my-plugin'",
            ),
            (
                "a/1st",
                "'1st' is no name of a crate: it begins with '1', and a crate's begins with a letter; \
                 such as 'my-plugin'",
            ),
            (
                "my plugin",
                "'my plugin' is no name of a crate: it has ' ' in it; use letters from a to z, digits, \
                 '-' and '_'",
            ),
            (
                "gr\u{fc}n",
                "'gr\u{fc}n' is no name of a crate: it has '\u{fc}' in it; use letters from a to z, \
                 digits, '-' and '_'",
            ),
            (
                "tokio",
                "'tokio' is no name of a crate that can be built: the name is taken; such as \
                 'tokio-plugin'",
            ),
        ] {
            assert_eq!(of(Path::new(path)).unwrap_err().to_string(), error);
        }
        assert_eq!(
            of(Path::new("async")).unwrap_err(),
            NameError::Taken {
                name: "async".into()
            }
        );
        let long = "a".repeat(65);
        assert_eq!(
            of(Path::new(&long)).unwrap_err(),
            NameError::Long { found: 65 }
        );
        assert_eq!(of(Path::new("there/my-plugin_2/")).unwrap(), "my-plugin_2");
    }

    #[test]
    fn the_type_of_any_name_is_one() {
        for (name, of) in [
            ("my-plugin", "MyPluginRunner"),
            ("a__b-", "ABRunner"),
            ("Hello2", "Hello2Runner"),
        ] {
            assert_eq!(runner_type(name), of);
        }
    }
}
