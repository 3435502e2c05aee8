//! What a runner is given to build a task with.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};
use solti_model::RunnerEnv;
use tokio_util::sync::CancellationToken;

use crate::details::ErrorDetails;
use crate::metrics::{MetricsHandle, noop_metrics};
use crate::output::OutputRegistry;
use crate::run_id::RunId;

/// What a host lends its tasks: an environment, a metrics backend and an output registry.
///
/// The default has an empty environment, a backend that records nothing, and an output registry
/// without channels.
#[derive(Clone)]
pub struct BuildContext {
    env: RunnerEnv,
    metrics: MetricsHandle,
    output_registry: Arc<OutputRegistry>,
    run_id: Option<RunId>,
    metadata: Arc<Map<String, Value>>,
    cancellation: CancellationToken,
    error_details: Option<ErrorDetails>,
}

impl BuildContext {
    /// Makes a context with its own default [`OutputRegistry`].
    #[must_use]
    pub fn new(env: RunnerEnv, metrics: MetricsHandle) -> Self {
        Self {
            env,
            metrics,
            output_registry: Arc::default(),
            run_id: None,
            metadata: Arc::default(),
            cancellation: CancellationToken::new(),
            error_details: None,
        }
    }

    /// The environment variables that the host adds to those of every task.
    #[must_use]
    pub fn env(&self) -> &RunnerEnv {
        &self.env
    }

    /// The backend that tasks report to.
    #[must_use]
    pub fn metrics(&self) -> &MetricsHandle {
        &self.metrics
    }

    /// The registry that hands out output sinks.
    #[must_use]
    pub fn output_registry(&self) -> &Arc<OutputRegistry> {
        &self.output_registry
    }

    /// The id of the run that is built, where the supervisor has made one; otherwise the runner does,
    /// with [`Runner::build_run_id`](crate::Runner::build_run_id).
    #[must_use]
    pub fn run_id(&self) -> Option<&RunId> {
        self.run_id.as_ref()
    }

    /// What the supervisor knows of the task besides its spec: `labels`, `annotations`, `name`, `uid`,
    /// `generation`, `traceparent`, each where it is known.
    #[must_use]
    pub fn metadata(&self) -> &Map<String, Value> {
        &self.metadata
    }

    /// Cancelled when nobody waits for the build any more. A build that takes long looks at it.
    #[must_use]
    pub fn cancellation(&self) -> &CancellationToken {
        &self.cancellation
    }

    /// Says more of the error that the build is about to return, for a program to read, such as the
    /// field of the spec that is wrong. Nothing comes of it where nobody has asked for it.
    pub fn add_error_detail(&self, name: impl Into<String>, value: impl Into<Value>) {
        if let Some(details) = &self.error_details {
            details.insert(name.into(), value.into());
        }
    }

    /// Where the details of an error go, where anybody has asked for them.
    pub(crate) fn error_details(&self) -> Option<&ErrorDetails> {
        self.error_details.as_ref()
    }

    /// Names the run that is built.
    #[must_use]
    pub fn with_run_id(mut self, run_id: RunId) -> Self {
        self.run_id = Some(run_id);
        self
    }

    /// Says what is known of the task besides its spec.
    #[must_use]
    pub fn with_metadata(mut self, metadata: Map<String, Value>) -> Self {
        self.metadata = Arc::new(metadata);
        self
    }

    /// Sets what cancels the build.
    #[must_use]
    pub fn with_cancellation(mut self, cancellation: CancellationToken) -> Self {
        self.cancellation = cancellation;
        self
    }

    /// Sets where the details of an error go. It is the place of one build: in the context of a router,
    /// which all builds share, nobody could tell whose they are.
    #[must_use]
    pub fn with_error_details(mut self, details: ErrorDetails) -> Self {
        self.error_details = Some(details);
        self
    }

    /// Replaces the environment.
    #[must_use]
    pub fn with_env(mut self, env: RunnerEnv) -> Self {
        self.env = env;
        self
    }

    /// Replaces the metrics backend.
    #[must_use]
    pub fn with_metrics(mut self, metrics: MetricsHandle) -> Self {
        self.metrics = metrics;
        self
    }

    /// Replaces the output registry.
    #[must_use]
    pub fn with_output_registry(mut self, registry: Arc<OutputRegistry>) -> Self {
        self.output_registry = registry;
        self
    }
}

impl Default for BuildContext {
    fn default() -> Self {
        Self::new(RunnerEnv::default(), noop_metrics())
    }
}

impl fmt::Debug for BuildContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BuildContext")
            .field("env_len", &self.env.len())
            .field("metrics", &"<handle>")
            .finish()
    }
}

impl fmt::Display for BuildContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BuildContext(env_len={})", self.env.len())
    }
}
