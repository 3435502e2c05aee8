//! What supervises tasks, given and telling of them as their clients have them.

use std::sync::Arc;

use solti_api::{ApiError, ApiHandler as _, SupervisorApiAdapter, TaskWatchEventStream};
use solti_core::SupervisorApi;
use solti_model_published::{
    Task, TaskFilter, TaskId, TaskManifest, TaskRunPage, TaskRunQuery, TaskWatchEvent,
    WritePreconditions,
};
use solti_plugin_bridge::{Unbridgeable, from_core, run_from_core, to_core};
use tokio_stream::StreamExt as _;

/// What supervises tasks.
pub(super) struct Core {
    pub(super) api: Arc<SupervisorApi>,
    /// For what does not depend on plugins.
    pub(super) adapter: SupervisorApiAdapter,
}

impl Core {
    pub(super) fn new(api: Arc<SupervisorApi>) -> Self {
        let adapter = SupervisorApiAdapter::new(Arc::clone(&api));
        Self { api, adapter }
    }

    pub(super) async fn create(&self, manifest: TaskManifest) -> Result<Task, ApiError> {
        let manifest = to_core(manifest).map_err(invalid)?;
        self.adapter.create_task(manifest).await.map(from_core)
    }

    pub(super) async fn apply(
        &self,
        manifest: TaskManifest,
        preconditions: WritePreconditions,
    ) -> Result<Task, ApiError> {
        let manifest = to_core(manifest).map_err(invalid)?;
        let applied = self.adapter.apply_task(manifest, preconditions).await;
        applied.map(from_core)
    }

    pub(super) async fn get(&self, name: &TaskId) -> Result<Option<Task>, ApiError> {
        let found = self.adapter.get_task(name).await?;
        Ok(found.map(from_core))
    }

    /// A task that it knows.
    pub(super) fn known(&self, name: &TaskId) -> Option<Task> {
        self.api.get_task(name).map(from_core)
    }

    pub(super) async fn watch(
        &self,
        filter: TaskFilter,
        resource_version: Option<String>,
    ) -> Result<TaskWatchEventStream, ApiError> {
        let events = self.adapter.watch_tasks(filter, resource_version).await?;
        Ok(Box::pin(events.map(|event| {
            event.map(|event| match event {
                TaskWatchEvent::Added(task) => TaskWatchEvent::Added(from_core(task)),
                TaskWatchEvent::Modified(task) => TaskWatchEvent::Modified(from_core(task)),
                TaskWatchEvent::Deleted(task) => TaskWatchEvent::Deleted(from_core(task)),
            })
        })))
    }

    pub(super) async fn runs(
        &self,
        name: &TaskId,
        query: TaskRunQuery,
    ) -> Result<TaskRunPage, ApiError> {
        let mut page = self.adapter.query_task_runs(name, query).await?;
        if let Some(task) = self.known(name) {
            let workload = task.spec().workload();
            let runs = page.items.into_iter();
            page.items = runs.map(|run| run_from_core(run, workload)).collect();
        }
        Ok(page)
    }
}

fn invalid(err: Unbridgeable) -> ApiError {
    ApiError::InvalidRequest(err.to_string())
}
