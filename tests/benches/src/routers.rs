//! Routers with many runners, the last of which is the only one that fits.

use std::sync::Arc;

use solti_model::{Labels, TaskKind, TaskSpec};
use taskvisor::TaskRef;

use crate::ours::Ours;
use crate::{plugins, specs};

/// How the runners differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Roster {
    /// By kind: the last runner is the only one for subprocesses.
    Mixed,
    /// By label: all take subprocesses, runner N has the label `number = N`.
    SameKind,
}

impl Roster {
    fn kind(self, number: usize, count: usize) -> &'static str {
        match self {
            Self::SameKind => "subprocess",
            Self::Mixed if number + 1 == count => "subprocess",
            Self::Mixed if number.is_multiple_of(2) => "wasm",
            Self::Mixed => "container",
        }
    }

    fn labels(self, number: usize) -> Labels {
        let mut labels = Labels::new();
        if self == Self::SameKind {
            labels.insert("number", number.to_string());
        }
        labels
    }
}

/// A router of ours, every runner of which comes from a loaded plugin.
pub struct OurRouter {
    /// The router.
    pub router: solti_plugin_host::RunnerRouter,
    last: Arc<dyn solti_plugin_host::Runner>,
}

impl OurRouter {
    /// Registers `count` runners, each with an object of its own in the plugin.
    ///
    /// # Panics
    ///
    /// When `count` is 0.
    #[must_use]
    pub fn new(roster: Roster, count: usize) -> Self {
        let directory = plugins::directory_with("pusher");
        let mut router = solti_plugin_host::RunnerRouter::new();
        let mut last = None;
        // The library is mapped once; each connection makes new runners.
        let mut plugin = Ours::load(directory.path(), 1);
        for number in 0..count {
            if number % 3 == 0 {
                plugin = Ours::load(directory.path(), 1);
            }
            let spec = match roster.kind(number, count) {
                "wasm" => specs::wasm(),
                "container" => specs::container(),
                _ => specs::command("true", &[]),
            };
            let runner = plugin.router.pick(&spec).expect("it has all three kinds");
            router.register_with_labels(Arc::clone(runner), roster.labels(number));
            last = Some(Arc::clone(runner));
        }
        Self {
            router,
            last: last.expect("there is at least one runner"),
        }
    }

    /// Whether a spec goes to the last runner.
    #[must_use]
    pub fn picks_the_last(&self, spec: &TaskSpec) -> bool {
        let picked = self.router.pick(spec);
        picked.is_some_and(|picked| picked.name() == self.last.name())
    }
}

/// A router of theirs.
pub struct TheirRouter {
    /// The router.
    pub router: solti_runner::RunnerRouter,
    last: Arc<dyn solti_runner::Runner>,
}

impl TheirRouter {
    /// Registers `count` runners.
    ///
    /// # Panics
    ///
    /// When `count` is 0.
    #[must_use]
    pub fn new(roster: Roster, count: usize) -> Self {
        let mut router = solti_runner::RunnerRouter::new();
        let mut last = None;
        for number in 0..count {
            let runner: Arc<dyn solti_runner::Runner> = Arc::new(Linked {
                kind: roster.kind(number, count),
            });
            router.register_with_labels(Arc::clone(&runner), roster.labels(number));
            last = Some(runner);
        }
        Self {
            router,
            last: last.expect("there is at least one runner"),
        }
    }

    /// Whether a spec goes to the last runner.
    #[must_use]
    pub fn picks_the_last(&self, spec: &TaskSpec) -> bool {
        let picked = self.router.pick(spec);
        picked.is_some_and(|picked| Arc::ptr_eq(picked, &self.last))
    }
}

/// A runner that is linked in and takes one kind.
struct Linked {
    kind: &'static str,
}

impl solti_runner::Runner for Linked {
    fn name(&self) -> &'static str {
        "linked"
    }

    fn supports(&self, spec: &TaskSpec) -> bool {
        match spec.kind() {
            TaskKind::Subprocess(_) => self.kind == "subprocess",
            TaskKind::Wasm(_) => self.kind == "wasm",
            TaskKind::Container(_) => self.kind == "container",
            _ => false,
        }
    }

    fn build_task(
        &self,
        _: &TaskSpec,
        _: &solti_runner::BuildContext,
    ) -> Result<TaskRef, solti_runner::RunnerError> {
        Err(solti_runner::RunnerError::Internal(
            "never built".to_owned(),
        ))
    }
}
