//! Hears of the ends of tasks, and notes them.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use solti_core::{TaskStateEvent, TaskStateSink};
use solti_model_published::{TaskId, Uid};
use solti_plugin_bridge::Invocation;
use tokio::time::timeout;
use tracing::{error, info};

use super::active::Active;
use super::all::{STOPS, Tasks};
use crate::config::OnStop;
use crate::output::{Built, Live};
use crate::store::{Ended, Run, Seq};

/// How long readers of the output of a task wait for its end to be noted, and that for what core has to say of
/// its last attempt.
const PATIENCE: Duration = Duration::from_secs(5);

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
    fn built(&self, name: &str, generation: u64, counts_runs: bool) -> Option<Seq> {
        let mut all = self.active.lock();
        let active = all.get_mut(name)?;
        active.built(generation, counts_runs);
        Some(active.seq)
    }

    fn invoked(&self, name: &str, generation: u64, invocation: &Invocation) {
        self.change(name, |active| active.invoked(generation, invocation));
    }

    fn run_by(&self, name: &str, plugin: &str) {
        if let Some(active) = self.active.lock().get_mut(name) {
            active.run_by(plugin);
        }
    }

    fn begun(&self, name: &str, generation: u64, number: u32) {
        if let Some(active) = self.active.lock().get_mut(name) {
            active.begun(generation, number);
        }
    }

    fn gone(&self, name: &str, generation: u64) {
        let mut is_ahead = false;
        self.change(name, |active| {
            active.gone(generation);
            is_ahead = active.is_ahead_of_core();
        });
        let Some(tasks) = self.this().filter(|_| is_ahead) else {
            return;
        };
        let name = name.to_owned();
        self.runtime.spawn(async move {
            tokio::time::sleep(PATIENCE).await;
            tasks.change(&name, Active::give_up);
        });
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
        active.ended = Some((ended.clone(), runs.clone()));
        drop(all);
        self.counters.ended(&ended.phase);
        info!(task = name, phase = %ended.phase, attempts = runs.len(), "ended");
        let (Some(tasks), Ok(task)) = (self.this(), TaskId::new(name)) else {
            return;
        };
        // A record that says that it has ended says as well that all it wrote is there.
        self.outputs.end_then(seq, move |live| {
            let runtime = tasks.runtime.clone();
            runtime.spawn(async move { tasks.note_end(task, (seq, ended, runs), uid, live).await });
        });
    }

    /// Notes the end of a task, and lets go of it.
    async fn note_end(
        &self,
        task: TaskId,
        (seq, ended, runs): (Seq, Ended, Vec<Run>),
        uid: Uid,
        live: Arc<Live>,
    ) {
        let mut noted = match self.store.end(seq, ended, runs) {
            Ok(noted) => noted,
            Err(err) => {
                error!(task = %task, "its end is not noted: {err}");
                return self.let_go(&task, seq, &live);
            }
        };
        // Who has read its output to the end, and asks how it ended, is to be told.
        let in_time = timeout(PATIENCE, &mut noted).await;
        self.let_go(&task, seq, &live);
        let is_noted = match in_time {
            Ok(noted) => noted,
            // The disk refuses it so far.
            Err(_) => noted.await,
        };
        // Until then core has to know it.
        if is_noted.is_ok() {
            self.remember(task, uid).await;
        }
    }

    fn let_go(&self, task: &TaskId, seq: Seq, live: &Arc<Live>) {
        {
            let mut all = self.active.lock();
            // It may run again already.
            let is_this = |active: &Active| active.seq == seq && active.ended.is_some();
            if all.get(task.as_str()).is_some_and(is_this)
                && let Some(active) = all.remove(task.as_str())
            {
                self.turns.leave(&active.turn);
            }
        }
        self.outputs.complete(live);
    }
}
