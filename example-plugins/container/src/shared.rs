//! What all tasks of the plugin share.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use solti_plugin_abi::runtime_handle;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::warn;

use crate::config::Config;
use crate::engine::{self, Engine, KNOWN};
use crate::fault::Fault;
use crate::leftovers;
use crate::owner::Owner;

/// The configuration, the engine, and whose the containers are.
pub(crate) struct Shared {
    pub(crate) config: Config,
    /// The engine's program, if it is known already.
    program: Option<PathBuf>,
    /// Asked by the first task, and by the next where there was no answer.
    engine: OnceLock<Arc<Engine>>,
    /// Held by whoever asks the engine, so that one process of it does for all who wait.
    asking: Mutex<Option<Failure>>,
    owner: Option<Owner>,
    /// Set while they are looked for, and from then on unless that failed.
    leftovers_removed: AtomicBool,
}

/// The last time that the engine was asked in vain.
struct Failure {
    at: Instant,
    fault: Fault,
}

impl Shared {
    /// Looks for the engine's program. Without any on this machine that succeeds too: a directory of
    /// plugins is often the same on many machines, and only tasks of this kind need the engine.
    ///
    /// # Errors
    ///
    /// When an engine that the operator has named is not there.
    pub(crate) fn new(config: Config) -> Result<Self, String> {
        let program = match &config.engine {
            Some(name) => Some(
                engine::find(name).map_err(|reason| format!("config.engine: {name:?} {reason}"))?,
            ),
            None => installed(),
        };
        Ok(Self {
            config,
            program,
            engine: OnceLock::new(),
            asking: Mutex::default(),
            owner: Owner::current(),
            leftovers_removed: AtomicBool::new(false),
        })
    }

    /// The engine; the first to ask for it also sets off the removal of leftovers, in the background.
    /// Where the engine could not look for them, its daemon perhaps about to start, the next does.
    ///
    /// # Errors
    ///
    /// [`Fault::NoEngine`], and those of [`Engine::connect`].
    pub(crate) async fn engine(self: &Arc<Self>) -> Result<Arc<Engine>, Fault> {
        let engine = match self.engine.get() {
            Some(engine) => Arc::clone(engine),
            None => self.connect().await?,
        };
        if let Some(owner) = self.owner.clone()
            && !self.leftovers_removed.swap(true, Ordering::Relaxed)
        {
            let shared = Arc::clone(self);
            let engine = Arc::clone(&engine);
            runtime_handle().spawn(async move {
                if let Err(fault) = leftovers::remove(&engine, &owner).await {
                    warn!("could not look for containers of hosts that were killed: {fault}");
                    shared.leftovers_removed.store(false, Ordering::Relaxed);
                }
            });
        }
        Ok(engine)
    }

    /// Asks the engine, or waits for the answer that another is waiting for: a failure is one for
    /// all who were waiting by then, else an engine that hangs would let them fail one by one.
    async fn connect(&self) -> Result<Arc<Engine>, Fault> {
        let since = Instant::now();
        let mut last_failure = self.asking.lock().await;
        if let Some(engine) = self.engine.get() {
            return Ok(Arc::clone(engine));
        }
        if let Some(failure) = &*last_failure
            && failure.at >= since
        {
            return Err(failure.fault.clone());
        }
        match self.ask().await {
            Ok(engine) => Ok(Arc::clone(self.engine.get_or_init(|| Arc::new(engine)))),
            Err(fault) => {
                *last_failure = Some(Failure {
                    at: Instant::now(),
                    fault: fault.clone(),
                });
                Err(fault)
            }
        }
    }

    async fn ask(&self) -> Result<Engine, Fault> {
        // Looked for again where none was found: it may have been installed since.
        let program = self.program.clone().or_else(installed);
        let program = program.ok_or_else(|| Fault::NoEngine {
            looked_for: KNOWN.join(", "),
        })?;
        Engine::connect(program, &self.config).await
    }

    /// The value of the label that says whose a container is.
    pub(crate) fn owner_label(&self) -> String {
        self.owner
            .as_ref()
            .map_or_else(|| "unknown".to_owned(), Owner::to_string)
    }

    /// What tells this host from others on the machine.
    pub(crate) fn owner_short(&self) -> String {
        self.owner
            .as_ref()
            .map_or_else(|| std::process::id().to_string(), Owner::short)
    }
}

/// The first engine in `PATH` that we know.
fn installed() -> Option<PathBuf> {
    KNOWN.iter().find_map(|name| engine::find(name).ok())
}
