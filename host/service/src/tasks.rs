//! The life of a task: admission, supervision, its end, and what an interruption makes of it.

mod active;
mod admit;
mod counters;
mod ends;
mod evict;
mod handler;
mod name;
mod recover;
mod refusal;
mod stop;
mod stored;
mod view;

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;
use solti_api::SupervisorApiAdapter;
use solti_core::SupervisorApi;
use solti_model_published::TaskId;
use solti_plugin_host::{LoadReport, RunnerRouter};
use tokio::runtime::Handle;

use crate::config::{Config, OnStop};
use crate::output::Outputs;
use crate::store::Store;
use active::Active;
pub(crate) use admit::New;
pub(crate) use counters::Counters;
pub(crate) use ends::Ends;
pub(crate) use handler::Handler;
pub(crate) use refusal::Refused;
pub(crate) use view::{TaskList, TaskView};

/// How many locks there are for tasks, by their names.
const LOCKS: usize = 64;

/// The annotation that says on the routes of 0.0.8 what becomes of a task that is interrupted.
pub(crate) const ON_INTERRUPT: &str = "solti-host/on-interrupt";

/// All tasks of a service.
pub(crate) struct Tasks {
    pub(crate) store: Arc<Store>,
    pub(crate) outputs: Arc<Outputs>,
    pub(crate) counters: Counters,
    pub(crate) report: Arc<LoadReport>,
    /// The runners of all plugins.
    router: Arc<RunnerRouter>,
    directory: PathBuf,
    core: OnceLock<Core>,
    active: Mutex<HashMap<String, Active>>,
    /// The tasks that have ended and that core still knows.
    remembered: Mutex<VecDeque<(TaskId, solti_model_published::Uid)>>,
    locks: [tokio::sync::Mutex<()>; LOCKS],
    stopping: AtomicU8,
    on_stop: OnStop,
    max_tasks: usize,
    runtime: Handle,
    this: Weak<Self>,
}

struct Core {
    api: Arc<SupervisorApi>,
    adapter: SupervisorApiAdapter,
}

/// Not stopping, draining, or cancelling.
const RUNS: u8 = 0;
const DRAINS: u8 = 1;
const STOPS: u8 = 2;

impl Tasks {
    pub(crate) fn new(
        config: &Config,
        store: Arc<Store>,
        outputs: Arc<Outputs>,
        router: Arc<RunnerRouter>,
        report: Arc<LoadReport>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            store,
            outputs,
            counters: Counters::default(),
            report,
            router,
            directory: config.plugins.clone(),
            core: OnceLock::new(),
            active: Mutex::default(),
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
        let adapter = SupervisorApiAdapter::new(Arc::clone(&api));
        // It is given once, before there is a task.
        let _ = self.core.set(Core { api, adapter });
    }

    fn core(&self) -> &Core {
        self.core
            .get()
            .expect("tasks come after what supervises them")
    }

    /// These tasks, for what goes on by itself.
    fn this(&self) -> Option<Arc<Self>> {
        self.this.upgrade()
    }

    /// The lock of the task of this name: what is done with it is done one after the other.
    async fn lock(&self, name: &str) -> tokio::sync::MutexGuard<'_, ()> {
        use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(name);
        self.locks[hash as usize % LOCKS].lock().await
    }

    /// How many tasks have not ended.
    pub(crate) fn active(&self) -> usize {
        self.active.lock().len()
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
