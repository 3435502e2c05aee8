//! The whole: start, run, stop.

mod core;
mod error;
mod token;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use solti_plugin_bridge::{Bridge, BridgeError};
use solti_plugin_host::counts::Counters;
use solti_plugin_host::live::Changes;
use solti_plugin_host::{LivePlugins, LoadDirError, LoadReport, PluginLoader};
use solti_runner_published::RunnerRouter;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub use error::ServiceError;

use crate::config::Config;
#[cfg(feature = "discover")]
use crate::discover;
use crate::handover::{self, Offer};
use crate::http::{self, Access, App};
use crate::output::{Outputs, Owners, Route};
use crate::plugins::{self, Cause, Plugins};
#[cfg(feature = "queue")]
use crate::queue::{Member, Meters};
use crate::server::{Address, InheritedSocket, Listener, Server, Tls};
use crate::state::StateDir;
use crate::store::Store;
use crate::tasks::{Ends, Tasks};
use crate::time::now;

/// How often it is looked what of the history can go.
const PRUNE: Duration = Duration::from_secs(10);

/// What clients get to take the ends of their answers when the service stops.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How a service has stopped.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Stopped {
    /// Tasks that were not waited for any longer.
    pub left: usize,
}

/// A service that runs.
pub struct Service {
    config: Config,
    addresses: Vec<Address>,
    token_file: Option<PathBuf>,
    tasks: Arc<Tasks>,
    server: Server,
    closing: CancellationToken,
    /// Cancelled when the next service has the sockets.
    handed_over: CancellationToken,
    /// Cancelled when they are not to be had any more.
    offering: CancellationToken,
    plugins: Arc<Plugins>,
    #[cfg(feature = "queue")]
    queue: Option<Arc<Member>>,
    recovered: (usize, usize),
    /// Ours until everything has ended.
    _state: StateDir,
}

impl Service {
    /// Starts a service: opens its state, loads its plugins, treats what another has left, and listens.
    ///
    /// A service that works in the state directory already hands over the sockets that it listens on, ends in
    /// order, and is waited for as long as `take_over` says; zero refuses to start. `sockets` were opened by
    /// somebody else, such as systemd. Needs a multi-threaded tokio runtime.
    ///
    /// # Errors
    ///
    /// When something that it needs cannot be had. Nothing is left behind then but the state directory.
    pub async fn start(
        config: Config,
        loader: PluginLoader,
        take_over: Duration,
        sockets: Vec<InheritedSocket>,
    ) -> Result<Self, ServiceError> {
        config.check()?;
        // Before another service is asked to end.
        let tls = config.tls.as_ref().map(Tls::open).transpose();
        let tls = tls.map_err(|err| ServiceError::Tls(err.to_string()))?;
        let taken = match take_over {
            Duration::ZERO => None,
            _ => handover::take(&config.state),
        };
        let state = StateDir::open(&config.state, take_over, taken.is_none())?;
        let listeners = listen(&config, &state, sockets, taken.unwrap_or_default()).await?;
        let addresses = listeners
            .iter()
            .map(|it| it.address().with_tls(tls.is_some()));
        let addresses = addresses.collect();
        let (tokens, token_file) = token::of(&config, &state, &listeners)?;
        let store = Arc::new(Store::open(state.path())?);
        let outputs = outputs(&config, &state, &store)?;
        let route = Route::new(Arc::clone(&outputs));
        let runners = Arc::new(Counters::default());
        let loader = loader.grace(config.grace);
        let (live, router) = load(&config, loader, &route, &runners, &state).await?;
        let tasks = Tasks::new(&config, store, outputs, Arc::clone(&live));
        let limits = plugins::Limits {
            images: config.max_images,
            bytes: config.max_image_bytes,
        };
        let plugins = Plugins::new(live, config.require.clone(), limits);
        route.tell(Arc::downgrade(&tasks) as _);
        let ends = Arc::new(Ends::default());
        ends.of(&tasks);
        tasks.supervise_by(core::start(&config, router, ends).await?);
        let recovered = tasks.recover().await?;
        let closing = CancellationToken::new();
        #[cfg(feature = "queue")]
        let counters = Arc::clone(&runners);
        #[cfg_attr(
            not(feature = "queue"),
            expect(unused_mut, reason = "nothing is added")
        )]
        let mut app = App::new(
            Arc::clone(&tasks),
            Access {
                tokens,
                hosts: config.hosts.clone(),
            },
            Arc::clone(&plugins),
            closing.clone(),
            config.limits,
            runners,
        );
        #[cfg(feature = "queue")]
        let queue = config.queue.as_ref().map(Member::new);
        #[cfg(feature = "queue")]
        app.queue.clone_from(&queue);
        let server = Server::new(http::router(app), config.limits, tls.map(Arc::new));
        let offer = Offer::of(&listeners).map_err(|source| ServiceError::Listen {
            address: Address::Unix(state.path().to_owned()),
            source,
        })?;
        let (handed_over, offering) = (offer.taken.clone(), closing.child_token());
        tokio::spawn(offer.wait(state.path().to_owned(), offering.clone()));
        for listener in listeners {
            server.accept(listener);
        }
        tokio::spawn(prune(
            Arc::downgrade(&tasks),
            config.retention,
            closing.clone(),
        ));
        tokio::spawn(plugins::watch(Arc::downgrade(&plugins), closing.clone()));
        #[cfg(feature = "discover")]
        if let Some(discover) = config.discover.clone() {
            let id =
                discover::id_of(state.path()).map_err(|source| crate::state::StateError::Io {
                    path: state.path().join("agent-id"),
                    doing: "keep it",
                    source,
                })?;
            let plugins = Arc::downgrade(&plugins);
            tokio::spawn(discover::tell(discover, id, plugins, closing.clone()));
        }
        #[cfg(feature = "queue")]
        if let (Some(queue), Some(settings)) = (&queue, &config.queue) {
            let meters = Meters {
                runners: counters,
                written: Arc::clone(&tasks.outputs.written),
            };
            queue.join(&config, settings, meters, &plugins);
        }
        Ok(Self {
            config,
            addresses,
            token_file,
            tasks,
            server,
            closing,
            handed_over,
            offering,
            plugins,
            #[cfg(feature = "queue")]
            queue,
            recovered: (recovered.rerun, recovered.failed),
            _state: state,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// The file of the token that TCP asks for.
    #[must_use]
    pub fn token_file(&self) -> Option<&std::path::Path> {
        self.token_file.as_deref()
    }

    /// What became of the plugin directory when it was last looked at.
    #[must_use]
    pub fn report(&self) -> Arc<LoadReport> {
        self.plugins.live.report()
    }

    /// Looks at the plugin directory now, and takes what has come, changed and gone. It is done by itself
    /// when the directory changes.
    ///
    /// # Errors
    ///
    /// When the directory as a whole cannot be used; all plugins stay in service then.
    pub async fn reload(&self) -> Result<Changes, LoadDirError> {
        self.plugins.reload(Cause::Signal).await
    }

    /// How many tasks that another service had left run again, and how many have failed.
    #[must_use]
    pub fn recovered(&self) -> (usize, usize) {
        self.recovered
    }

    /// Ends when the next service has been given the sockets: this one is to stop then.
    pub async fn replaced(&self) {
        self.handed_over.cancelled().await;
    }

    /// Stops: takes no more tasks, lets those that run end by themselves for a time, cancels the others,
    /// ends the plugins, and tells clients that follow output. Takes no longer than the `drain` and the
    /// `grace` of the configuration, and a few seconds.
    ///
    /// Where the next service has the sockets, what was asked for so far is answered first, as ever.
    pub async fn stop(self) -> Stopped {
        self.offering.cancel();
        if self.handed_over.is_cancelled() {
            self.server.accept_no_more(LAST_WORDS).await;
        }
        #[cfg(feature = "queue")]
        if let Some(queue) = &self.queue {
            queue.stop();
        }
        let (drain, grace) = (self.config.drain, self.config.grace);
        let of_queue = async {
            #[cfg(feature = "queue")]
            if let Some(queue) = &self.queue {
                queue.end_tasks(drain).await;
            }
        };
        let (left, ()) = tokio::join!(self.tasks.stop(drain, grace), of_queue);
        #[cfg(feature = "queue")]
        if let Some(queue) = &self.queue {
            queue.finish().await;
        }
        self.closing.cancel();
        self.server.stop(LAST_WORDS).await;
        let live = Arc::clone(&self.plugins.live);
        let tasks = Arc::clone(&self.tasks);
        let ended = tokio::task::spawn_blocking(move || {
            for (plugin, outcome) in live.shutdown(grace) {
                if outcome.unfinished > 0 {
                    warn!(
                        plugin = %plugin,
                        attempts = outcome.unfinished,
                        "attempts that have not ended are not waited for any longer"
                    );
                }
            }
            tasks.store.close();
        });
        if let Err(err) = ended.await {
            warn!("the plugins have not ended in order: {err}");
        }
        info!("stopped");
        Stopped { left }
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}

/// The output that is there already, of tasks that the store knows.
fn outputs(config: &Config, state: &StateDir, store: &Store) -> Result<Arc<Outputs>, ServiceError> {
    let directory = state.directory("output")?;
    let (known, open) = store.seqs()?;
    let owners = Owners { known, open };
    Outputs::new(directory, config.output, config.limits.readers, &owners)
        .map_err(ServiceError::Output)
}

/// Listens on every address, before anything that takes long: on sockets that are there already, or on new
/// ones. Those that were `given` are listened on in any case, those of the service before where they are
/// asked for.
async fn listen(
    config: &Config,
    state: &StateDir,
    given: Vec<InheritedSocket>,
    taken: Vec<InheritedSocket>,
) -> Result<Vec<Listener>, ServiceError> {
    let unix = match &config.unix {
        Some(path) => path.clone(),
        None => state.path().join("service.sock"),
    };
    let wanted = [Address::Unix(unix)]
        .into_iter()
        .chain(config.listen.iter().copied().map(Address::Tcp))
        .chain(config.grpc.iter().copied().map(Address::Grpc));
    let listeners_of = |sockets: Vec<InheritedSocket>| {
        let sockets = sockets.into_iter();
        let listeners = sockets.map(Listener::inherited);
        let listeners: Result<Vec<_>, _> = listeners.collect();
        listeners.map_err(|source| ServiceError::Inherited { source })
    };
    let mut listeners = listeners_of(given)?;
    let mut there = listeners_of(taken)?;
    for address in wanted {
        if listeners.iter().any(|listener| listener.is_at(&address)) {
            continue;
        }
        let found = there.iter().position(|listener| listener.is_at(&address));
        let listener = match found {
            Some(at) => Ok(there.swap_remove(at)),
            None => match &address {
                Address::Unix(path) => Listener::unix(path),
                Address::Tcp(address) => Listener::bind(*address, Listener::Tcp).await,
                #[cfg(feature = "grpc")]
                Address::Grpc(address) => Listener::bind(*address, Listener::Grpc).await,
                // Nobody asks for those.
                _ => continue,
            },
        };
        listeners.push(listener.map_err(|source| ServiceError::Listen { address, source })?);
    }
    Ok(listeners)
}

/// Loads the plugins, and makes a router of the published line that leads to them.
async fn load(
    config: &Config,
    loader: PluginLoader,
    route: &Arc<Route>,
    counters: &Arc<Counters>,
    state: &StateDir,
) -> Result<(Arc<LivePlugins>, RunnerRouter), ServiceError> {
    let directory = config.plugins.clone();
    let mut loader = loader
        .state_dir(state.path())
        .max_images(config.max_images, config.max_image_bytes);
    if let Some(panics) = config.max_panics {
        loader = loader.max_panics(panics);
    }
    for (plugin, fields) in &config.config {
        loader = loader
            .config(plugin, fields)
            .map_err(|err| ServiceError::Supervision(format!("config.{plugin}: {err}")))?;
    }
    let loaded = tokio::task::spawn_blocking(move || LivePlugins::load_dir(loader, directory));
    let loaded = loaded
        .await
        .map_err(|err| ServiceError::Supervision(err.to_string()))?;
    let live = Arc::new(loaded.map_err(BridgeError::from)?);
    let mut router = RunnerRouter::new();
    Bridge::new(PluginLoader::new())
        .with_output(Arc::clone(route) as _)
        .with_metrics(Arc::clone(counters) as _)
        .with_composites()
        .serve(Arc::clone(&live), &mut router)?;
    Ok((live, router))
}

/// Removes what of the history is not to be kept, from time to time.
async fn prune(
    tasks: std::sync::Weak<Tasks>,
    retention: crate::config::Retention,
    closing: CancellationToken,
) {
    let age = u64::try_from(retention.age.as_millis()).unwrap_or(u64::MAX);
    loop {
        tokio::select! {
            () = closing.cancelled() => return,
            () = tokio::time::sleep(PRUNE) => {}
        }
        loop {
            let Some(tasks) = tasks.upgrade() else { return };
            let before = now().saturating_sub(age);
            let (gone, more) = match tasks.store.prune(retention.count, before).await {
                Ok(pruned) => pruned,
                Err(err) => {
                    warn!("the history cannot be pruned: {err}");
                    break;
                }
            };
            let outputs = Arc::clone(&tasks.outputs);
            let removed = tokio::task::spawn_blocking(move || {
                for seq in gone {
                    outputs.remove(seq);
                }
            });
            if removed.await.is_err() || !more {
                break;
            }
        }
    }
}
