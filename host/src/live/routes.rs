//! The router of now.

use std::sync::{Arc, Weak};

use parking_lot::RwLock;
use solti_model::Labels;
use solti_plugin_abi::{BuildContext, Runner, RunnerError};

use super::runner::LiveRunner;
use super::task::{Build, Builds, Built, Work};
use crate::router::RunnerRouter;

/// The router of now, which every change replaces.
pub(super) struct Routes {
    /// What is there before the plugins, and the context.
    base: RunnerRouter,
    now: RwLock<Arc<Now>>,
    this: Weak<Self>,
}

struct Now {
    router: Arc<RunnerRouter>,
    /// Its runners that are plugins'.
    runners: Vec<Arc<LiveRunner>>,
}

impl Routes {
    pub(super) fn new(base: RunnerRouter) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            now: RwLock::new(Arc::new(Now {
                router: Arc::new(base.clone()),
                runners: Vec::new(),
            })),
            base,
            this: Weak::clone(this),
        })
    }

    pub(super) fn router(&self) -> Arc<RunnerRouter> {
        Arc::clone(&self.now.read().router)
    }

    /// What has a task built when these have changed.
    pub(super) fn again(&self) -> Weak<dyn Builds> {
        let again: Weak<Self> = Weak::clone(&self.this);
        again
    }

    /// From now on these runners of plugins are asked, in their order.
    pub(super) fn set(&self, runners: Vec<(Arc<LiveRunner>, Labels)>) {
        let mut router = self.base.clone();
        for (runner, labels) in &runners {
            router.register_with_labels(Arc::clone(runner) as _, labels.clone());
        }
        let now = Arc::new(Now {
            router: Arc::new(router),
            runners: runners.into_iter().map(|(runner, _)| runner).collect(),
        });
        let before = std::mem::replace(&mut *self.now.write(), now);
        // The destructors of runners are their authors'.
        drop(before);
    }
}

impl Builds for Routes {
    fn build(self: Arc<Self>, work: Work, context: BuildContext) -> Build {
        Box::pin(async move {
            loop {
                let now = Arc::clone(&self.now.read());
                let (router, kind) = (&now.router, work.kind());
                let picked = match &work {
                    Work::Spec(spec) => router.pick(spec),
                    Work::Workload(workload) => router.pick_workload(workload),
                };
                let Some(picked) = picked else {
                    // What it led to may have been replaced while it was asked.
                    if !Arc::ptr_eq(&now, &self.now.read()) {
                        continue;
                    }
                    return Err(RunnerError::NoRunner(kind.to_owned()));
                };
                let is_picked = |runner: &&Arc<LiveRunner>| is_same(runner, picked);
                let Some(runner) = now.runners.iter().find(is_picked) else {
                    // Of the host itself.
                    let task = match &work {
                        Work::Spec(spec) => router.build_async_in(spec, context).await,
                        Work::Workload(workload) => {
                            router.build_workload_async_in(workload, context).await
                        }
                    };
                    return task.map(|task| Built { task, plugin: None });
                };
                match runner.build(&work, &context).await {
                    Err(_) if runner.plugin.is_draining() => {}
                    built => return built,
                }
            }
        })
    }
}

impl Work {
    fn kind(&self) -> &str {
        match self {
            Self::Spec(spec) => spec.kind().kind(),
            Self::Workload(workload) => &workload.kind,
        }
    }
}

fn is_same(runner: &Arc<LiveRunner>, picked: &Arc<dyn Runner>) -> bool {
    std::ptr::addr_eq(Arc::as_ptr(runner), Arc::as_ptr(picked))
}
