//! A plugin's errors as the contract's.

use solti_plugin_abi::RunnerError;
use solti_plugin_abi::v1::error::{FfiError, PANIC};
use taskvisor::TaskError;

use super::plugin::Plugin;

/// A runner's error, its variant kept.
pub(super) fn runner_error(plugin: &Plugin, err: FfiError) -> RunnerError {
    match err.into_runner_error() {
        Ok(err) => err,
        Err(other) => RunnerError::Internal(describe(plugin, &other)),
    }
}

/// An attempt's error, its variant kept. What is not known is not retried.
pub(super) fn task_error(plugin: &Plugin, err: FfiError) -> TaskError {
    match err.into_task_error() {
        Ok(err) => err,
        Err(other) => TaskError::Fatal {
            reason: describe(plugin, &other),
            exit_code: other.exit_code.into_option(),
        },
    }
}

/// Words for an error that is no variant of the contract's; a panic is counted.
pub(super) fn describe(plugin: &Plugin, err: &FfiError) -> String {
    let name = plugin.name();
    if err.code == PANIC {
        plugin.count_panic();
        format!("plugin '{name}' panicked: {}", err.text)
    } else {
        format!(
            "plugin '{name}' answered with error code {}, which this host does not know: {}",
            err.code, err.text
        )
    }
}
