//! What a runner is given to build a task with.

use std::fmt;
use std::sync::Arc;

use solti_model::RunnerEnv;

use crate::metrics::{MetricsHandle, noop_metrics};
use crate::output::OutputRegistry;

/// What a host lends its tasks: an environment, a metrics backend and an output registry.
///
/// The default has an empty environment, a backend that records nothing, and an output registry
/// without channels.
#[derive(Clone)]
pub struct BuildContext {
    env: RunnerEnv,
    metrics: MetricsHandle,
    output_registry: Arc<OutputRegistry>,
}

impl BuildContext {
    /// Makes a context with its own default [`OutputRegistry`].
    #[must_use]
    pub fn new(env: RunnerEnv, metrics: MetricsHandle) -> Self {
        Self {
            env,
            metrics,
            output_registry: Arc::default(),
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
