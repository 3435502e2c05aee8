//! Finds the runner for a spec.

mod index;

use std::sync::Arc;

use solti_model::{Labels, TaskKind, TaskSpec};
use solti_plugin_abi::{BuildContext, Runner, RunnerError};
use taskvisor::TaskRef;
use tracing::debug;

use index::Index;

/// Picks the first registered runner that fits a spec, and has it build the task.
///
/// A runner fits when its labels satisfy the spec's selector, if there is one, and it says that it
/// supports the spec. Registration order decides between several. The cheap tests come first:
/// runners that declare other kinds, or lack a label that is asked for, are never looked at, and
/// labels are compared before a runner is asked.
///
/// `TaskKind::Embedded` is never routed: such a task is submitted with its code.
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
#[derive(Default)]
pub struct RunnerRouter {
    entries: Vec<Entry>,
    index: Index,
    context: BuildContext,
}

/// A runner and the labels it is registered with.
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

    /// Adds a runner without labels, after those that are there.
    pub fn register(&mut self, runner: Arc<dyn Runner>) {
        self.register_with_labels(runner, Labels::new());
    }

    /// Adds a runner with labels that selectors can ask for, after those that are there.
    pub fn register_with_labels(&mut self, runner: Arc<dyn Runner>, labels: Labels) {
        self.index.add(runner.kinds(), &labels, self.entries.len());
        self.entries.push(Entry { runner, labels });
    }

    /// Finds the first runner that fits `spec`.
    #[must_use]
    pub fn pick(&self, spec: &TaskSpec) -> Option<&Arc<dyn Runner>> {
        let selector = spec.runner_selector();
        self.index
            .candidates(spec.kind(), selector)
            .map(|position| &self.entries[position])
            .find(|entry| {
                selector.is_none_or(|selector| selector.matches(&entry.labels))
                    && entry.runner.supports(spec)
            })
            .map(|entry| &entry.runner)
    }

    /// Has the first runner that fits `spec` build its task.
    ///
    /// # Errors
    ///
    /// [`RunnerError::NoRunner`] when no runner fits or the spec is embedded; otherwise whatever
    /// the runner answers.
    pub fn build(&self, spec: &TaskSpec) -> Result<TaskRef, RunnerError> {
        if matches!(spec.kind(), TaskKind::Embedded) {
            return Err(RunnerError::NoRunner(
                "TaskKind::Embedded requires submit_with_task()".to_owned(),
            ));
        }
        let runner = self
            .pick(spec)
            .ok_or_else(|| RunnerError::NoRunner(spec.kind().kind().to_owned()))?;
        let task = runner.build_task(spec, &self.context)?;
        debug!(runner = runner.name(), task = task.name(), "built a task");
        Ok(task)
    }

    /// Whether some runner has the label `label_key` with the value `label_value`.
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

#[cfg(test)]
mod tests {
    use solti_model::{RunnerSelector, SelectorRequirement, TaskEnv, WasmSpec};
    use solti_plugin_abi::Kinds;

    use super::*;

    struct Declared(&'static str, Kinds);

    impl Runner for Declared {
        fn name(&self) -> &'static str {
            self.0
        }

        fn supports(&self, _: &TaskSpec) -> bool {
            true
        }

        fn build_task(&self, _: &TaskSpec, _: &BuildContext) -> Result<TaskRef, RunnerError> {
            Err(RunnerError::Internal(self.0.to_owned()))
        }

        fn kinds(&self) -> Kinds {
            self.1
        }
    }

    /// Name, kinds and labels.
    type Registered = (&'static str, Kinds, &'static [(&'static str, &'static str)]);

    fn router(runners: &[Registered]) -> RunnerRouter {
        let mut router = RunnerRouter::new();
        for (name, kinds, pairs) in runners {
            let mut labels = Labels::new();
            for (key, value) in *pairs {
                labels.insert(*key, *value);
            }
            router.register_with_labels(Arc::new(Declared(name, *kinds)), labels);
        }
        router
    }

    fn picked(router: &RunnerRouter, selector: RunnerSelector) -> Option<&'static str> {
        let kind = TaskKind::Wasm(WasmSpec {
            module: "m.wasm".into(),
            args: Vec::new(),
            env: TaskEnv::default(),
        });
        let spec = TaskSpec::builder("slot", kind, 1_000_u64).build().unwrap();
        let spec = spec.with_runner_selector(selector);
        router.pick(&spec).map(|runner| runner.name())
    }

    fn labelled(pairs: &[(&str, &str)]) -> RunnerSelector {
        let mut labels = Labels::new();
        for (key, value) in pairs {
            labels.insert(*key, *value);
        }
        RunnerSelector::from_labels(labels)
    }

    #[test]
    fn a_label_leads_to_no_runner_of_another_kind_nor_past_an_earlier_one() {
        // Enough of them that the labels are looked up.
        let unlabelled = [("unlabelled", Kinds::WASM, &[][..]); 20];
        let mut runners: Vec<Registered> = vec![
            ("other kind", Kinds::CONTAINER, &[("zone", "eu")]),
            ("other zone", Kinds::WASM, &[("zone", "us")]),
            ("first", Kinds::ANY, &[("zone", "eu"), ("gpu", "no")]),
            ("second", Kinds::WASM, &[("zone", "eu"), ("gpu", "yes")]),
            ("third", Kinds::WASM, &[("zone", "eu"), ("gpu", "yes")]),
        ];
        runners.extend(unlabelled);
        let router = router(&runners);
        assert_eq!(picked(&router, labelled(&[("zone", "eu")])), Some("first"));
        let both = labelled(&[("gpu", "yes"), ("zone", "eu")]);
        assert_eq!(picked(&router, both.clone()), Some("second"));
        assert_eq!(picked(&router, labelled(&[("zone", "mars")])), None);
        assert_eq!(
            picked(&router, labelled(&[("gpu", "yes"), ("zone", "us")])),
            None
        );
        let mut with_expression = both;
        with_expression.match_expressions = vec![SelectorRequirement::does_not_exist("gpu")];
        assert_eq!(picked(&router, with_expression), None);
        assert_eq!(picked(&router, RunnerSelector::new()), Some("other zone"));
    }
}
