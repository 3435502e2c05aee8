//! Lists of the routes of 0.0.8: all tasks of the store, as core has those that it knows.

use solti_api::{ApiError, ApiHandler as _};
use solti_model_published::{Task, TaskContinuation, TaskFilter, TaskPage, TaskPhase, TaskQuery};

use super::all::Tasks;
use super::refusal::Refused;
use super::stored;
use crate::store::Record;

/// How many records are read at once.
const AT_ONCE: usize = 500;

impl Tasks {
    /// A page of all tasks, in the order of their names.
    ///
    /// Pages are of different moments: a walk is never told that it came too late, and may miss a task that
    /// came meanwhile. How many follow is not counted: what is said to remain is a lower bound.
    pub(super) async fn query(&self, query: TaskQuery) -> Result<TaskPage<Task>, ApiError> {
        let resource_version = match query.continuation() {
            Some(walk) => walk.resource_version().to_owned(),
            // From where a watch misses nothing of what is listed.
            None => {
                let one = TaskQuery::new().with_limit(1);
                self.core().adapter.query_tasks(one).await?.resource_version
            }
        };
        let after = query.continuation().map(|it| it.after().to_string());
        let (filter, limit) = (query.filter().clone(), query.limit());
        let tasks = self
            .this()
            .ok_or_else(|| ApiError::Internal("the service has ended".to_owned()))?;
        let found = tokio::task::spawn_blocking(move || {
            tasks.behind(&filter, after, limit.saturating_add(1))
        });
        let found = found
            .await
            .map_err(|err| ApiError::Internal(err.to_string()));
        let mut items = found??;
        let is_more = items.len() > limit;
        items.truncate(limit);
        let continuation = match items.last() {
            Some(last) if is_more => {
                let (filter, after) = (query.filter().clone(), last.name().clone());
                let next = TaskContinuation::new(resource_version.clone(), filter, after);
                Some(next.map_err(|err| ApiError::Internal(err.to_string()))?)
            }
            _ => None,
        };
        Ok(TaskPage {
            items,
            resource_version,
            remaining_item_count: usize::from(continuation.is_some()),
            continuation,
        })
    }

    /// The tasks behind a name that a filter lets pass, and at most so many.
    fn behind(
        &self,
        filter: &TaskFilter,
        mut after: Option<String>,
        most: usize,
    ) -> Result<Vec<Task>, Refused> {
        let mut found = Vec::new();
        if !may_have_ended(filter) {
            let mut names: Vec<_> = self.active.lock().keys().cloned().collect();
            names.retain(|name| after.as_ref().is_none_or(|after| name > after));
            names.sort_unstable();
            let tasks = names.iter().filter_map(|name| self.known(name));
            found.extend(tasks.filter(|task| filter.matches(task)).take(most));
            return Ok(found);
        }
        loop {
            let records = self.store.behind(after.as_deref(), AT_ONCE)?;
            let Some(last) = records.last() else {
                return Ok(found);
            };
            after = Some(last.name.clone());
            for record in records {
                let Some(task) = self.task_of(&record)? else {
                    continue;
                };
                if filter.matches(&task) {
                    found.push(task);
                }
                if found.len() >= most {
                    return Ok(found);
                }
            }
        }
    }

    /// The task of a record; none for one that core is about to know.
    fn task_of(&self, record: &Record) -> Result<Option<Task>, Refused> {
        match self.known(&record.name) {
            Some(task) => Ok(Some(task)),
            None if record.ended.is_some() => stored::task_of(record).map(Some),
            None => Ok(None),
        }
    }
}

/// Whether a filter lets tasks pass that have ended.
fn may_have_ended(filter: &TaskFilter) -> bool {
    filter.phases().is_empty() || filter.phases().iter().any(TaskPhase::is_terminal)
}
