//! Workloads that are made of others: a chain of steps, and what a calendar says.

mod calendar;
mod chain;
mod cron;
mod plan;

use solti_chain::{CHAIN_API_VERSION, CHAIN_KIND, ChainSpec};
use solti_model_published::{LabelSelector, Task, TaskWorkload, WorkloadTypeMeta};

pub(crate) use calendar::Calendar;
pub use cron::{CRON_API_VERSION, CRON_KIND, CronSpec};
pub(crate) use plan::Plan;

use crate::convert::Unbridgeable;
use crate::gvk::pairs;

/// A workload that is made of others.
///
/// A chain is that of the published line, with its format and its markers in the output. A cron workload
/// runs another one, a chain as well, at the times of a calendar.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Composite {
    /// Steps, one after the other, with other ways on failure.
    Chain(ChainSpec),
    /// At the times of a calendar.
    Cron(Box<CronSpec>),
}

impl Composite {
    /// What a task is made of; `None` for one that a runner of a plugin takes as it is.
    ///
    /// # Errors
    ///
    /// When what it is made of is not as it should be.
    pub fn of(task: &Task) -> Result<Option<Self>, Unbridgeable> {
        let TaskWorkload::Extension(extension) = task.spec().workload() else {
            return Ok(None);
        };
        match (extension.api_version(), extension.kind()) {
            (CHAIN_API_VERSION, CHAIN_KIND) => {
                let chain = ChainSpec::from_workload(task.spec().workload());
                let chain = chain.map_err(|err| Unbridgeable {
                    field: "spec.workload.spec",
                    reason: err.to_string(),
                })?;
                Ok(Some(Self::Chain(chain)))
            }
            (CRON_API_VERSION, CRON_KIND) => {
                let cron = CronSpec::read(extension.spec(), task.spec().timeout().as_millis())?;
                Ok(Some(Self::Cron(Box::new(cron))))
            }
            _ => Ok(None),
        }
    }

    /// The workload types of composites.
    pub(crate) fn types() -> Vec<WorkloadTypeMeta> {
        [
            (CHAIN_API_VERSION, CHAIN_KIND),
            (CRON_API_VERSION, CRON_KIND),
        ]
        .into_iter()
        .filter_map(|(version, kind)| WorkloadTypeMeta::new(version, kind).ok())
        .collect()
    }

    /// The tasks that it is made of, which runners of plugins take: those of a chain in their order.
    ///
    /// # Errors
    ///
    /// When one of them is refused by the published line, or is a composite where none may be.
    pub fn parts(&self, whole: &Task) -> Result<Vec<Task>, Unbridgeable> {
        match self {
            Self::Chain(chain) => chain
                .steps()
                .iter()
                .map(|step| part(whole, step.workload(), step.runner_selector()))
                .collect(),
            Self::Cron(cron) => {
                let inner = part(whole, &cron.workload, cron.runner_selector.as_ref())?;
                match Self::of(&inner)? {
                    None => Ok(vec![inner]),
                    Some(Self::Cron(_)) => Err(Unbridgeable {
                        field: "spec.workload.spec.workload",
                        reason: "a cron workload within another".to_owned(),
                    }),
                    Some(chain) => chain.parts(&inner),
                }
            }
        }
    }

    /// The chain that an attempt, or a run of a calendar, is; `None` where it is one task.
    pub(crate) fn chain(&self, whole: &Task) -> Result<Option<ChainSpec>, Unbridgeable> {
        match self {
            Self::Chain(chain) => Ok(Some(chain.clone())),
            Self::Cron(cron) => {
                let inner = part(whole, &cron.workload, None)?;
                Ok(match Self::of(&inner)? {
                    Some(Self::Chain(chain)) => Some(chain),
                    _ => None,
                })
            }
        }
    }
}

/// The workload types that are made of others, as version and kind.
#[must_use]
pub fn composite_types() -> Vec<(String, String)> {
    pairs(Composite::types())
}

/// Whether a workload is made of others.
pub(crate) fn is_composite(workload: &TaskWorkload) -> bool {
    [
        (CHAIN_API_VERSION, CHAIN_KIND),
        (CRON_API_VERSION, CRON_KIND),
    ]
    .contains(&(workload.api_version(), workload.kind()))
}

/// Whether a workload is that of a calendar, which makes runs of its own within one attempt.
#[must_use]
pub fn is_cron(workload: &TaskWorkload) -> bool {
    (workload.api_version(), workload.kind()) == (CRON_API_VERSION, CRON_KIND)
}

/// A task like the whole, with another workload.
fn part(
    whole: &Task,
    workload: &TaskWorkload,
    selector: Option<&LabelSelector>,
) -> Result<Task, Unbridgeable> {
    let mut spec = whole
        .spec()
        .derive_with_workload(workload.clone())
        .without_runner_selector();
    if let Some(selector) = selector {
        spec = spec.with_runner_selector(selector.clone());
    }
    let task = Task::from_parts(
        whole.type_meta().clone(),
        whole.metadata().clone(),
        spec,
        whole.status().clone(),
    );
    task.map_err(|err| Unbridgeable {
        field: "spec.workload.spec",
        reason: err.to_string(),
    })
}

#[cfg(test)]
mod tests;
