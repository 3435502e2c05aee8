//! All tasks of a service.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;
use solti_core::SupervisorApi;
use solti_model_published::{Task, TaskId};
use solti_plugin_host::LivePlugins;
use tokio::runtime::Handle;

use super::active::Active;
use super::core::Core;
use super::counters::Counters;
use super::turns::Turns;
use crate::config::{Config, OnStop};
use crate::output::Outputs;
use crate::store::Store;

/// How many locks there are for tasks, by their names.
const LOCKS: usize = 64;

/// All tasks of a service.
pub(crate) struct Tasks {
    pub(crate) store: Arc<Store>,
    pub(crate) outputs: Arc<Outputs>,
    pub(crate) counters: Counters,
    pub(crate) plugins: Arc<LivePlugins>,
    pub(super) core: OnceLock<Core>,
    pub(super) active: Mutex<HashMap<String, Active>>,
    /// Which of a slot's tasks core takes next.
    pub(super) turns: Turns,
    /// The tasks that have ended and that core still knows.
    pub(super) remembered: Mutex<VecDeque<(TaskId, solti_model_published::Uid)>>,
    locks: [tokio::sync::Mutex<()>; LOCKS],
    pub(super) stopping: AtomicU8,
    pub(super) on_stop: OnStop,
    pub(super) max_tasks: usize,
    pub(super) runtime: Handle,
    this: Weak<Self>,
}

/// Not stopping, draining, or cancelling.
pub(super) const RUNS: u8 = 0;
pub(super) const DRAINS: u8 = 1;
pub(super) const STOPS: u8 = 2;

impl Tasks {
    pub(crate) fn new(
        config: &Config,
        store: Arc<Store>,
        outputs: Arc<Outputs>,
        plugins: Arc<LivePlugins>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            store,
            outputs,
            counters: Counters::default(),
            plugins,
            core: OnceLock::new(),
            active: Mutex::default(),
            turns: Turns::default(),
            remembered: Mutex::default(),
            locks: std::array::from_fn(|_| tokio::sync::Mutex::default()),
            stopping: AtomicU8::new(RUNS),
            on_stop: config.on_stop,
            max_tasks: config.max_tasks,
            runtime: Handle::current(),
            this: Weak::clone(this),
        })
    }

    /// Gives the tasks what supervises them.
    pub(crate) fn supervise_by(&self, api: Arc<SupervisorApi>) {
        // It is given once, before there is a task.
        let _ = self.core.set(Core::new(api));
    }

    pub(super) fn core(&self) -> &Core {
        self.core
            .get()
            .expect("tasks come after what supervises them")
    }

    /// A task as core has it.
    pub(super) fn known(&self, name: &str) -> Option<Task> {
        let id = TaskId::new(name).ok()?;
        self.core().known(&id)
    }

    /// These tasks, for what goes on by itself.
    pub(super) fn this(&self) -> Option<Arc<Self>> {
        self.this.upgrade()
    }

    /// The lock of the task of this name: what is done with it is done one after the other.
    pub(super) async fn lock(&self, name: &str) -> tokio::sync::MutexGuard<'_, ()> {
        use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(name);
        self.locks[hash as usize % LOCKS].lock().await
    }

    /// How many tasks have not ended.
    pub(crate) fn active(&self) -> usize {
        self.active.lock().len()
    }

    /// How many of them have an attempt under way.
    pub(crate) fn running(&self) -> usize {
        let active = self.active.lock();
        active.values().filter(|it| it.is_running()).count()
    }

    /// Whether no new task is taken.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire) != RUNS
    }
}

impl std::fmt::Debug for Tasks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tasks")
            .field("active", &self.active())
            .finish_non_exhaustive()
    }
}
