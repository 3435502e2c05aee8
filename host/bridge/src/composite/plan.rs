//! What an attempt runs: one task of a plugin, or several as a chain says.

use solti_chain::ChainSpec;
use solti_plugin_host::taskvisor::{TaskError, TaskRef};
use tokio_util::sync::CancellationToken;

use super::chain::Chain;
use crate::attempt::Attempt;

/// What an attempt runs.
pub(crate) enum Plan {
    /// One task.
    One(TaskRef),
    /// The steps of a chain.
    Chain(Chain),
}

impl Plan {
    /// A chain of these tasks, which are its steps in their order.
    pub(crate) fn chain(spec: &ChainSpec, tasks: Vec<TaskRef>) -> Self {
        Self::Chain(Chain::new(spec, tasks))
    }

    pub(crate) async fn run(
        &self,
        attempt: &mut Attempt,
        cancel: &CancellationToken,
    ) -> Result<(), TaskError> {
        match self {
            Self::One(task) => attempt.run(task, cancel).await,
            Self::Chain(chain) => chain.run(attempt, cancel).await,
        }
    }
}
