//! Has core forget tasks that have ended: the store knows them.

use std::sync::atomic::Ordering;

use solti_model_published::{TaskId, Uid, WritePreconditions};
use tracing::debug;

use super::all::{RUNS, Tasks};

/// How many tasks that have ended core knows, for clients that list or watch them.
const REMEMBERED: usize = 1000;

impl Tasks {
    /// The end of a task is noted: it is one of those that core may forget.
    pub(super) async fn remember(&self, task: TaskId, uid: Uid) {
        let oldest = {
            let mut remembered = self.remembered.lock();
            remembered.push_back((task, uid));
            let surplus = remembered.len().saturating_sub(REMEMBERED);
            remembered.drain(..surplus).collect::<Vec<_>>()
        };
        for (task, uid) in oldest {
            self.evict(&task, uid).await;
        }
    }

    async fn evict(&self, task: &TaskId, uid: Uid) {
        let _locked = self.lock(task.as_str()).await;
        let runs_again = self.active.lock().contains_key(task.as_str());
        if runs_again || self.stopping.load(Ordering::Acquire) != RUNS {
            return;
        }
        let this_one = WritePreconditions::default().with_uid(uid);
        let deleted = self
            .core()
            .api
            .delete_task_with_preconditions(task, this_one);
        if let Err(err) = deleted.await {
            // It was deleted meanwhile, or is another one.
            debug!(task = %task, "not evicted: {err}");
        }
    }
}
