//! Finds the runner for a spec.

mod build;
mod index;

use std::fmt;
use std::sync::Arc;

use solti_model::{Labels, RunnerSelector, TaskKind, TaskSpec};
use solti_plugin_abi::v1::runner::format;
use solti_plugin_abi::{BuildContext, Runner, RunnerError};
use taskvisor::TaskRef;
use tracing::debug;

use index::Index;

/// Picks the first registered runner that fits a spec, and has it build the task.
///
/// A runner fits when its labels satisfy the spec's selector, if there is one, and it answers that
/// it supports the spec. Registration order decides between several. The cheap tests come first:
/// runners that declare other kinds, or lack a label that is asked for, are never looked at, and
/// labels are compared before a runner is asked.
///
/// `TaskKind::Embedded` is never routed: such a task is submitted with its code.
///
/// # Blocking
///
/// [`pick`](Self::pick) and [`build`](Self::build) call runners on the thread of the caller, and
/// return when they have answered: `supports` of the candidates, one after the other, until one of
/// them agrees, and `build_task` of that one. The router itself takes microseconds; how long a
/// runner takes is up to its author, and nothing limits it or can cancel it. The first task of a
/// plugin starts the plugin's runtime as well, which is a thread or a few.
///
/// Runners are expected to answer at once and to leave what takes time to their tasks. A host that
/// does not trust its plugins to do so calls these methods by `spawn_blocking`, or from threads of
/// its own.
///
/// # Examples
///
/// ```no_run
/// use solti_plugin_host::{RunnerRouter, load_dir};
///
/// let mut router = RunnerRouter::new();
/// let report = load_dir("plugins", &mut router)?;
/// println!("{report}");
/// # Ok::<(), solti_plugin_host::LoadDirError>(())
/// ```
#[derive(Clone, Default)]
pub struct RunnerRouter {
    entries: Vec<Entry>,
    index: Index,
    context: BuildContext,
}

/// A runner and the labels it is registered with.
#[derive(Clone)]
struct Entry {
    runner: Arc<dyn Runner>,
    labels: Labels,
}

impl RunnerRouter {
    /// Makes a router without runners, with the default [`BuildContext`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces the context that every task is built with.
    #[must_use]
    pub fn with_context(mut self, context: BuildContext) -> Self {
        self.context = context;
        self
    }

    /// Adds a runner without labels, behind those that are registered already.
    pub fn register(&mut self, runner: Arc<dyn Runner>) {
        self.register_with_labels(runner, Labels::new());
    }

    /// Adds a runner with labels that selectors can ask for, behind those that are registered already.
    pub fn register_with_labels(&mut self, runner: Arc<dyn Runner>, labels: Labels) {
        self.index.add(&runner.kinds(), &labels, self.entries.len());
        self.entries.push(Entry { runner, labels });
    }

    /// Finds the first runner that fits `spec`; `None` when there is none.
    ///
    /// Blocks for as long as the runners that are asked take to answer: see [Blocking](#blocking).
    #[must_use]
    pub fn pick(&self, spec: &TaskSpec) -> Option<&Arc<dyn Runner>> {
        self.first(spec.kind().kind(), spec.runner_selector(), |runner| {
            runner.supports(spec)
        })
    }

    /// Finds the first runner of a kind that satisfies the selector and `supports` what is asked.
    fn first(
        &self,
        kind: &str,
        selector: Option<&RunnerSelector>,
        supports: impl Fn(&dyn Runner) -> bool,
    ) -> Option<&Arc<dyn Runner>> {
        self.index
            .candidates(kind, selector)
            .map(|position| &self.entries[position])
            .find(|entry| {
                selector.is_none_or(|selector| selector.matches(&entry.labels))
                    && supports(&*entry.runner)
            })
            .map(|entry| &entry.runner)
    }

    /// Has the first runner that fits `spec` build its task.
    ///
    /// Blocks for as long as the runners that are asked take to answer, and the picked one to build
    /// the task: see [Blocking](#blocking).
    ///
    /// # Errors
    ///
    /// [`RunnerError::NoRunner`] when no runner fits or the spec is embedded; otherwise whatever
    /// the runner returns. A plugin that panics returns [`RunnerError::Internal`].
    pub fn build(&self, spec: &TaskSpec) -> Result<TaskRef, RunnerError> {
        let runner = self.pick_routable(spec)?;
        let task = runner.build_task(spec, &self.context)?;
        debug!(runner = runner.name(), task = task.name(), "built a task");
        Ok(task)
    }

    /// The first runner that fits `spec`, or why none does.
    fn pick_routable(&self, spec: &TaskSpec) -> Result<&Arc<dyn Runner>, RunnerError> {
        if matches!(spec.kind(), TaskKind::Embedded) {
            return Err(RunnerError::NoRunner(
                "TaskKind::Embedded requires submit_with_task()".to_owned(),
            ));
        }
        self.pick(spec).ok_or_else(|| {
            self.no_runner(
                spec.kind().kind(),
                spec.runner_selector(),
                format::TASK_SPEC,
            )
        })
    }

    /// The error where no runner fits, which says so of one that does not read the spec's format.
    fn no_runner(&self, kind: &str, selector: Option<&RunnerSelector>, format: u32) -> RunnerError {
        let unread = self
            .index
            .candidates(kind, selector)
            .map(|position| &self.entries[position])
            .filter(|entry| selector.is_none_or(|selector| selector.matches(&entry.labels)))
            .find_map(|entry| entry.runner.unread(format));
        RunnerError::NoRunner(match unread {
            Some(unread) => format!("{kind}: {unread}"),
            None => kind.to_owned(),
        })
    }

    /// Whether any runner has the label `label_key` with the value `label_value`.
    #[must_use]
    pub fn contains_label(&self, label_key: &str, label_value: &str) -> bool {
        self.entries
            .iter()
            .any(|entry| entry.labels.get(label_key) == Some(label_value))
    }

    /// The context that every task is built with.
    #[must_use]
    pub fn context(&self) -> &BuildContext {
        &self.context
    }

    /// The registered runners and their labels, in the order in which they are asked.
    pub fn runners(&self) -> impl Iterator<Item = (&Arc<dyn Runner>, &Labels)> {
        self.entries
            .iter()
            .map(|entry| (&entry.runner, &entry.labels))
    }

    /// The number of registered runners.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no runner is registered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl fmt::Debug for RunnerRouter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunnerRouter")
            .field("runners", &self.entries)
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("runner", &self.runner.name())
            .field("labels", &self.labels)
            .finish()
    }
}

#[cfg(test)]
mod tests;
