//! Tasks as the service's own API shows them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use solti_model_published::TaskPhase;

use super::all::Tasks;
use super::refusal::Refused;
use crate::store::{Filter, Record, Run, Seq};
use crate::time::rfc3339;

/// A task as the service's own API shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskView {
    name: String,
    /// `pending`, `running`, `waiting` between two attempts, or how it ended.
    phase: String,
    slot: String,
    kind: String,
    /// The plugins that have run it so far.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    plugins: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    created: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    on_interrupt: &'static str,
    /// The task that it does again.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_of: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    interruptions: Vec<InterruptionView>,
    /// The last attempts, the oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    runs: Vec<RunView>,
    /// Only where one task was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    spec: Option<Value>,
}

#[derive(Debug, Serialize)]
struct InterruptionView {
    found: String,
    then: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RunView {
    attempt: u32,
    phase: String,
    started: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Tasks, the newest first.
#[derive(Debug, Serialize)]
pub(crate) struct TaskList {
    tasks: Vec<TaskView>,
    /// What to ask for the next ones with, as `before`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Seq>,
}

/// The phases that a task may be in.
pub(crate) const PHASES: [&str; 8] = [
    "pending",
    "running",
    "waiting",
    "succeeded",
    "failed",
    "timeout",
    "canceled",
    "interrupted",
];

/// Which tasks a list has, by what is not in their records while they run.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// Those in one of these phases; all where there is none.
    pub(crate) phases: Vec<String>,
    /// Those that this plugin has run.
    pub(crate) plugin: Option<String>,
}

impl Wanted {
    fn takes(&self, view: &TaskView) -> bool {
        (self.phases.is_empty() || self.phases.contains(&view.phase))
            && self
                .plugin
                .as_ref()
                .is_none_or(|plugin| view.plugins.contains(plugin))
    }
}

impl Tasks {
    /// A task, and the number of its record.
    pub(crate) fn view(&self, name: &str) -> Result<(TaskView, Seq), Refused> {
        let found = self.store.get(name)?;
        let (seq, record) = found.ok_or_else(|| Refused::NotFound {
            name: name.to_owned(),
        })?;
        let mut view = self.view_of(&record);
        view.spec = Some(record.manifest["spec"].clone());
        Ok((view, seq))
    }

    /// The number of a task's record.
    pub(crate) fn seq(&self, name: &str) -> Result<Seq, Refused> {
        let found = self.store.get(name)?;
        let found = found.ok_or_else(|| Refused::NotFound {
            name: name.to_owned(),
        })?;
        Ok(found.0)
    }

    /// Tasks, the newest first.
    pub(crate) fn list(&self, filter: &Filter, wanted: &Wanted) -> Result<TaskList, Refused> {
        let mut tasks = Vec::new();
        let (_, next) = self.store.list(filter, |record| {
            let view = self.view_of(record);
            let is_wanted = wanted.takes(&view);
            if is_wanted {
                tasks.push(view);
            }
            is_wanted
        })?;
        Ok(TaskList { tasks, next })
    }

    fn view_of(&self, record: &Record) -> TaskView {
        let labels = record.manifest["metadata"]["labels"].as_object();
        let labels = labels.into_iter().flatten();
        let mut view = TaskView {
            name: record.name.clone(),
            phase: "pending".to_owned(),
            slot: record.slot().to_owned(),
            kind: record.kind(),
            plugins: Vec::new(),
            labels: labels
                .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
                .collect(),
            created: rfc3339(record.created),
            ended: None,
            attempts: record.attempts,
            exit_code: None,
            error: None,
            on_interrupt: record.on_interrupt.as_str(),
            retry_of: record.retry_of.clone(),
            interruptions: record
                .interruptions
                .iter()
                .map(|it| InterruptionView {
                    found: rfc3339(it.found),
                    then: it.then.clone(),
                })
                .collect(),
            runs: record.runs.iter().map(run_of).collect(),
            spec: None,
        };
        match &record.ended {
            Some(ended) => {
                view.phase.clone_from(&ended.phase);
                view.ended = Some(rfc3339(ended.at));
                view.exit_code = ended.exit_code;
                view.error.clone_from(&ended.error);
                view.plugins.clone_from(&ended.plugins);
            }
            None => self.add_live(&mut view),
        }
        view
    }

    /// Adds what core and the attempts so far say of a task that has not ended.
    fn add_live(&self, view: &mut TaskView) {
        let (mut is_between_runs, mut is_ending) = (false, false);
        if let Some(active) = self.active.lock().get(&view.name) {
            view.attempts = active.attempts();
            view.plugins = active.plugins().to_vec();
            view.runs = active.runs().iter().map(run_of).collect();
            is_between_runs = active.is_between_runs();
            is_ending = active.ended.is_some();
        }
        let Some(task) = self.known(&view.name) else {
            return;
        };
        let status = task.status();
        let waits = is_between_runs && status.phase() == TaskPhase::Running;
        view.phase = if is_ending {
            // What it wrote is not kept yet.
            TaskPhase::Running.to_string()
        } else if waits || status.phase().is_terminal() {
            "waiting".to_owned()
        } else {
            status.phase().to_string()
        };
        view.exit_code = status.exit_code();
        view.error = status.error().map(str::to_owned);
    }
}

fn run_of(run: &Run) -> RunView {
    RunView {
        attempt: run.attempt,
        phase: run.phase.clone(),
        started: rfc3339(run.started),
        finished: run.finished.map(rfc3339),
        exit_code: run.exit_code,
        error: run.error.clone(),
    }
}
