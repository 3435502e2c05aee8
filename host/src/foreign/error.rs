//! A plugin's errors as the contract's, and what is known of them beside that.

use serde_json::{Map, Value};
use solti_plugin_abi::RunnerError;
use solti_plugin_abi::text::{one_line, shorten};
use solti_plugin_abi::v1::error::{BUILD_CANCELED, DRAINING, FfiError, PANIC, UNKNOWN_FORMAT};
use taskvisor::TaskError;

/// How much a plugin may say in an error, in bytes.
const LONGEST_REASON: usize = 4096;

/// A runner's error, its variant kept.
pub(super) fn runner_error(plugin: &str, err: FfiError) -> RunnerError {
    bounded(err)
        .into_runner_error()
        .unwrap_or_else(|other| RunnerError::Internal(describe(plugin, &other)))
}

/// Codes with a text that says all there is to say.
const SELF_EXPLANATORY: [u32; 2] = [UNKNOWN_FORMAT, DRAINING];

/// An attempt's error, its variant kept. What is not known is not retried.
pub(super) fn task_error(plugin: &str, err: FfiError) -> TaskError {
    bounded(err).into_task_error().unwrap_or_else(|other| {
        let reason = describe(plugin, &other);
        let exit_code = other.exit_code.into_option();
        // Its successor may take the next attempt.
        if other.code == DRAINING {
            TaskError::Fail { reason, exit_code }
        } else {
            TaskError::Fatal { reason, exit_code }
        }
    })
}

/// What a program can read of an error: what the plugin has given to it, and a word for what the
/// contract has no variant for.
pub(super) fn details(err: &FfiError) -> Map<String, Value> {
    let mut details = err.known_details();
    let word = match err.code {
        PANIC => "panicked",
        BUILD_CANCELED => "canceled",
        UNKNOWN_FORMAT => "unknown_format",
        DRAINING => "draining",
        _ => return details,
    };
    details.entry("error").or_insert_with(|| word.into());
    details
}

/// The error with no more text than a person reads: it may quote a spec, which is of any length.
fn bounded(mut err: FfiError) -> FfiError {
    if err.text.len() > LONGEST_REASON {
        err.text = shorten(&err.text, LONGEST_REASON).into_owned().into();
    }
    err
}

/// A sentence for an error that is no variant of the contract's.
fn describe(plugin: &str, err: &FfiError) -> String {
    let text = one_line(&err.text);
    if err.code == PANIC {
        format!("plugin '{plugin}' panicked: {text}")
    } else if err.code == BUILD_CANCELED {
        text.into_owned()
    } else if SELF_EXPLANATORY.contains(&err.code) {
        format!("plugin '{plugin}': {text}")
    } else {
        format!(
            "plugin '{plugin}' answered with error code {}, which this host does not know: {text}",
            err.code
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_that_quotes_a_spec_does_not_grow_with_it() {
        let long = || {
            FfiError::from(TaskError::Fatal {
                reason: format!("cannot start {}: no", "x".repeat(10_000_000)),
                exit_code: Some(3),
            })
        };
        match task_error("demo", long()) {
            TaskError::Fatal {
                reason,
                exit_code: Some(3),
            } => {
                assert!(reason.len() <= LONGEST_REASON, "{}", reason.len());
                assert!(reason.starts_with("cannot start x") && reason.ends_with("x: no"));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_error_that_only_the_plugin_knows_keeps_its_text_on_one_line() {
        let unknown = || FfiError::new(1000, "new in\n\u{1b}[2Jversion 9\n");
        let text = "plugin 'demo' answered with error code 1000, which this host does not know: \
                    new in / \\u{1b}[2Jversion 9";
        assert!(
            matches!(runner_error("demo", unknown()), RunnerError::Internal(found) if found == text)
        );
        assert!(
            matches!(task_error("demo", unknown()), TaskError::Fatal { reason, .. } if reason == text)
        );
    }

    #[test]
    fn a_panic_whose_message_has_lines_stays_on_one() {
        let message = "assertion failed\n  left: 1\n right: 2 (at src/lib.rs:3:4)";
        let panicked = FfiError::new(PANIC, message);
        assert_eq!(
            runner_error("demo", panicked).to_string(),
            "internal error: plugin 'demo' panicked: assertion failed /   left: 1 /  right: 2 (at \
             src/lib.rs:3:4)"
        );
    }
}
