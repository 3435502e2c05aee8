//! What a command finds in its environment.

use std::collections::BTreeMap;

use solti_plugin_abi::WrongSpec;
use solti_plugin_abi::environment::{fault_of_value, filled};

use crate::spec::Place;

/// What is set on the other machine, by name.
pub(crate) type Variables = BTreeMap<String, String>;

/// Puts the variables of a task together: those that it has by its kind, and over them those of its spec, in
/// which `${NAME}` stands for one of `here`.
///
/// # Errors
///
/// The field that is wrong. No message has a value in it, which may be a secret.
pub(crate) fn variables(
    by_kind: Variables,
    of_spec: BTreeMap<String, String>,
    here: &Variables,
    place: Place,
) -> Result<Variables, WrongSpec> {
    for name in by_kind.keys() {
        check_name(name)
            .map_err(|what| WrongSpec::new(format!("kind.subprocess.env.{name}"), what))?;
    }
    let mut variables = by_kind;
    for (name, value) in of_spec {
        let wrong = |what: String| WrongSpec::new(place.of(&format!("env.{name}")), what);
        check_name(&name).map_err(|what| wrong(what.to_owned()))?;
        let value = filled(&value, here).map_err(|err| wrong(err.to_string()))?;
        if let Some(fault) = fault_of_value(&value) {
            return Err(wrong(format!("the value {fault}")));
        }
        variables.insert(name, value);
    }
    Ok(variables)
}

/// A shell sets only what is one of its own names.
fn check_name(name: &str) -> Result<(), &'static str> {
    let begins = name.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_');
    let is_name = |it: char| it.is_ascii_alphanumeric() || it == '_';
    if begins && name.chars().all(is_name) {
        Ok(())
    } else {
        Err("is no name that a shell can set: expected letters, digits and _, and no digit first")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Variables {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn set(of_spec: &[(&str, &str)]) -> Result<Variables, String> {
        let here = of(&[("TOKEN", "s3cret"), ("NUL", "s3cret\0")]);
        variables(
            of(&[("A", "${B}"), ("B", "2")]),
            of(of_spec),
            &here,
            Place::Workload,
        )
        .map_err(|wrong| wrong.to_string())
    }

    #[test]
    fn only_what_a_spec_names_leaves_this_machine() {
        assert_eq!(
            set(&[("KEY", "Bearer ${TOKEN}"), ("B", "3")]),
            Ok(of(&[("A", "${B}"), ("B", "3"), ("KEY", "Bearer s3cret")]))
        );
    }

    #[test]
    fn what_cannot_be_set_is_refused_and_no_value_is_shown() {
        for (name, value, what) in [
            (
                "A-B",
                "s3cret",
                "is no name that a shell can set: expected letters, digits and _, and no digit first",
            ),
            (
                "1A",
                "s3cret",
                "is no name that a shell can set: expected letters, digits and _, and no digit first",
            ),
            (
                "A",
                "s3cret${HOME}",
                "the variable \"HOME\" is not in the environment of the task or its runner",
            ),
            (
                "A",
                "s3cret${",
                "a `${` has no `}` behind it; it begins the name of a variable",
            ),
            ("A", "${NUL}", "the value contains a NUL byte"),
        ] {
            assert_eq!(
                set(&[(name, value)]),
                Err(format!("spec.env.{name}: {what}"))
            );
        }
    }
}
