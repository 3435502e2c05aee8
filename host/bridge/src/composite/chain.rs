//! The steps of a chain, one after the other.

use std::collections::HashMap;

use solti_chain::{ChainSpec, FailureMode};
use solti_plugin_host::taskvisor::{TaskError, TaskRef};
use tokio_util::sync::CancellationToken;

use crate::attempt::Attempt;

/// A chain whose steps are built.
pub(crate) struct Chain {
    entry: usize,
    steps: Vec<Step>,
}

struct Step {
    name: String,
    task: TaskRef,
    on_success: Option<usize>,
    /// Where to go on after a failure, and whether the chain has failed all the same.
    on_failure: Option<(usize, bool)>,
}

impl Chain {
    /// A chain of these tasks, which are its steps in their order.
    pub(super) fn new(spec: &ChainSpec, tasks: Vec<TaskRef>) -> Self {
        let positions: HashMap<_, _> = spec
            .steps()
            .iter()
            .enumerate()
            .map(|(position, step)| (step.name(), position))
            .collect();
        let steps = spec.steps().iter().zip(tasks);
        let steps = steps.map(|(step, task)| Step {
            name: step.name().as_str().to_owned(),
            task,
            on_success: step.on_success().map(|next| positions[next]),
            on_failure: step.on_failure().map(|failure| {
                let has_failed = failure.mode() == FailureMode::Preserve;
                (positions[failure.next()], has_failed)
            }),
        });
        Self {
            entry: positions[spec.entry()],
            steps: steps.collect(),
        }
    }

    /// Runs it. It fails as the first step whose failure counts.
    pub(super) async fn run(
        &self,
        attempt: &mut Attempt,
        cancel: &CancellationToken,
    ) -> Result<(), TaskError> {
        let mut failed = None;
        let mut next = Some(self.entry);
        while let Some(position) = next {
            let step = &self.steps[position];
            mark(attempt, step, "started", false);
            let result = attempt.run(&step.task, cancel).await;
            if cancel.is_cancelled() || matches!(result, Err(TaskError::Canceled)) {
                mark(attempt, step, "canceled", true);
                return Err(TaskError::Canceled);
            }
            next = match result {
                Ok(()) => {
                    mark(attempt, step, "succeeded", false);
                    step.on_success
                }
                Err(err) => {
                    mark(attempt, step, "failed", true);
                    let Some((next, has_failed)) = step.on_failure else {
                        return Err(err);
                    };
                    if has_failed && failed.is_none() {
                        failed = Some(err);
                    }
                    Some(next)
                }
            };
        }
        failed.map_or(Ok(()), Err)
    }
}

/// Says in the output where the chain is, in the words of the published line.
fn mark(attempt: &Attempt, step: &Step, state: &str, is_error: bool) {
    attempt.mark(
        format!("[chain] step={} state={state}", step.name),
        is_error,
    );
}
