//! What a program is started with: its environment and its arguments, the same for every runner.

use std::collections::BTreeMap;

use solti_model::{RunnerEnv, TaskEnv, merge_env};
use thiserror::Error;

use crate::error::RunnerError;
use crate::text::shorten;

/// How much of a name or an argument is quoted, in bytes.
const MOST_QUOTED: usize = 64;

/// What keeps a text from being the name of a variable, as the end of a sentence.
///
/// ```
/// use solti_plugin_abi::environment::fault_of_name;
///
/// assert_eq!(fault_of_name("PATH"), None);
/// assert_eq!(fault_of_name("HOST=task"), Some("contains an equals sign"));
/// ```
#[must_use]
pub fn fault_of_name(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("is empty")
    } else if name.contains('=') {
        Some("contains an equals sign")
    } else {
        fault_of_value(name)
    }
}

/// What keeps a text from being the value of a variable, or an argument, as the end of a sentence.
#[must_use]
pub fn fault_of_value(value: &str) -> Option<&'static str> {
    value.contains('\0').then_some("contains a NUL byte")
}

/// The environment of a task: its own, and over it what the host sets for the runner.
///
/// # Errors
///
/// [`RunnerError::InvalidSpec`] for a variable that no system has: one without a name, with an equals
/// sign in its name, which would be another variable than the one it is called, or with a NUL byte.
///
/// # Examples
///
/// ```
/// use solti_plugin_abi::environment::merged;
/// use solti_plugin_abi::prelude::*;
/// use solti_plugin_abi::solti_model::TaskEnv;
///
/// let mut task = TaskEnv::default();
/// task.push("HOST=task", "");
/// let refusal = merged(&task, &RunnerEnv::default()).unwrap_err();
/// assert_eq!(
///     refusal.to_string(),
///     "invalid specification: the name of environment variable \"HOST=task\" contains an equals sign"
/// );
/// ```
pub fn merged(task: &TaskEnv, runner: &RunnerEnv) -> Result<BTreeMap<String, String>, RunnerError> {
    let merged = merge_env(task, runner);
    for (name, value) in &merged {
        let (what, fault) = match (fault_of_name(name), fault_of_value(value)) {
            (Some(fault), _) => ("name", fault),
            (None, Some(fault)) => ("value", fault),
            (None, None) => continue,
        };
        let name = shorten(name, MOST_QUOTED);
        return Err(RunnerError::InvalidSpec(format!(
            "the {what} of environment variable {name:?} {fault}"
        )));
    }
    Ok(merged)
}

/// Puts variables of an environment, such as [`merged`] makes, in the place of `${NAME}` in a text.
///
/// # Errors
///
/// What is wrong with the text, or which variable is not there.
///
/// # Examples
///
/// ```
/// use solti_plugin_abi::environment::filled;
///
/// let env = [("TOKEN".to_owned(), "abc".to_owned())].into();
/// assert_eq!(filled("Bearer ${TOKEN}", &env).unwrap(), "Bearer abc");
/// assert_eq!(
///     filled("${OTHER}", &env).unwrap_err().to_string(),
///     "the variable \"OTHER\" is not in the environment of the task or its runner"
/// );
/// ```
pub fn filled(text: &str, env: &BTreeMap<String, String>) -> Result<String, NotFilled> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, behind) = after.split_once('}').ok_or(NotFilled::Open)?;
        let value = env.get(name).ok_or_else(|| NotFilled::Unset {
            name: name.to_owned(),
        })?;
        filled.push_str(before);
        filled.push_str(value);
        rest = behind;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// Why variables could not be put into a text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NotFilled {
    /// The name of a variable has no end.
    #[error("a `${{` has no `}}` behind it; it begins the name of a variable")]
    Open,
    /// There is no such variable.
    #[error("the variable {name:?} is not in the environment of the task or its runner")]
    Unset {
        /// Its name.
        name: String,
    },
}

/// Checks that a program can be given these arguments.
///
/// # Errors
///
/// [`RunnerError::InvalidSpec`] for one with a NUL byte, which ends an argument.
pub fn check_arguments<'a>(
    arguments: impl IntoIterator<Item = &'a str>,
) -> Result<(), RunnerError> {
    for argument in arguments {
        if let Some(fault) = fault_of_value(argument) {
            let argument = shorten(argument, MOST_QUOTED);
            let reason = format!("argument {argument:?} {fault}");
            return Err(RunnerError::InvalidSpec(reason));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(name: &str, value: &str) -> String {
        let task = TaskEnv::single(name, value);
        let refused = merged(&task, &RunnerEnv::default()).unwrap_err();
        refused.to_string().replace("invalid specification: ", "")
    }

    #[test]
    fn a_variable_that_would_be_another_one_is_refused() {
        for (name, value, expected) in [
            ("", "x", "the name of environment variable \"\" is empty"),
            (
                "A=B",
                "x",
                "the name of environment variable \"A=B\" contains an equals sign",
            ),
            (
                "A\0",
                "x",
                "the name of environment variable \"A\\0\" contains a NUL byte",
            ),
            (
                "A",
                "\0",
                "the value of environment variable \"A\" contains a NUL byte",
            ),
        ] {
            assert_eq!(refusal(name, value), expected);
        }
        let long = refusal(&"=".repeat(10_000_000), "");
        assert!(long.len() < 200, "{}", long.len());
    }

    #[test]
    fn what_the_host_sets_is_checked_as_what_the_task_sets_is() {
        let mut runner = RunnerEnv::default();
        runner.push("A=B", "x");
        assert!(merged(&TaskEnv::default(), &runner).is_err());
    }

    #[test]
    fn what_the_host_sets_wins() {
        let mut runner = RunnerEnv::default();
        runner.push("WHO", "runner");
        let merged = merged(&TaskEnv::single("WHO", "task"), &runner).unwrap();
        assert_eq!(merged["WHO"], "runner");
    }

    #[test]
    fn an_argument_that_would_be_cut_is_refused() {
        let refused = check_arguments(["a", "a\0b"]).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "invalid specification: argument \"a\\0b\" contains a NUL byte"
        );
        check_arguments(["", "=", "ä"]).unwrap();
    }
}
