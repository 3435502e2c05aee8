//! Hears of the ends of tasks, and notes them.

use std::sync::{Arc, OnceLock, Weak};

use solti_core::{TaskStateEvent, TaskStateSink};
use solti_model_published::TaskId;
use tracing::error;

use super::active::Active;
use super::all::{STOPS, Tasks};
use crate::config::OnStop;
use crate::output::Built;
use crate::store::Seq;

/// Hears what core commits. It is there before the tasks are.
#[derive(Default)]
pub(crate) struct Ends {
    tasks: OnceLock<Weak<Tasks>>,
}

impl Ends {
    /// Says whose ends are noted.
    pub(crate) fn of(&self, tasks: &Arc<Tasks>) {
        // Nobody says so twice.
        let _ = self.tasks.set(Arc::downgrade(tasks));
    }
}

impl TaskStateSink for Ends {
    fn on_event(&self, event: &TaskStateEvent) {
        let Some(tasks) = self.tasks.get().and_then(Weak::upgrade) else {
            return;
        };
        match event {
            TaskStateEvent::TaskChanged {
                current: Some(task),
                ..
            } => {
                let name = task.name().as_str();
                tasks.change(name, |active| active.see(task));
            }
            TaskStateEvent::RunChanged { task, run, .. } => {
                tasks.change(task.as_str(), |active| active.run(run));
            }
            _ => {}
        }
    }
}

impl Built for Tasks {
    fn built(&self, name: &str, generation: u64) -> Option<Seq> {
        let mut all = self.active.lock();
        let active = all.get_mut(name)?;
        active.built(generation);
        Some(active.seq)
    }

    fn gone(&self, name: &str, generation: u64) {
        self.change(name, |active| active.gone(generation));
    }
}

impl Tasks {
    /// Changes what is known of a task, and notes its end where that is one.
    fn change(&self, name: &str, change: impl FnOnce(&mut Active)) {
        let mut all = self.active.lock();
        let Some(active) = all.get_mut(name) else {
            return;
        };
        change(active);
        let Some((mut ended, uid)) = active.end() else {
            return;
        };
        let stopped = self.stopping.load(std::sync::atomic::Ordering::Acquire) == STOPS
            && !active.cancelled
            && ended.phase == "canceled";
        if stopped && self.on_stop == OnStop::Requeue {
            // It is for the next service.
            let seq = active.seq;
            all.remove(name);
            drop(all);
            self.outputs.end(seq);
            return;
        }
        if stopped {
            ended.error = Some("the service was stopped".to_owned());
        }
        let (seq, runs) = (active.seq, active.runs_at_end(&ended));
        all.remove(name);
        drop(all);
        self.counters.ended(&ended.phase);
        let noted = self.store.end(seq, ended, runs);
        self.outputs.end(seq);
        let noted = match noted {
            Ok(noted) => noted,
            Err(err) => return error!("the end of task {name} is not noted: {err}"),
        };
        if let Ok(id) = TaskId::new(name) {
            self.evict_once(noted, id, uid);
        }
    }
}
