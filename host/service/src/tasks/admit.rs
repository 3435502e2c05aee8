//! Takes tasks: refused at once, or kept before it is acknowledged.

use std::sync::Arc;

use serde_json::{Map, Value};
use solti_api::ApiError;
use solti_model_published::{RestartPolicy, Task, TaskManifest, WritePreconditions};
use solti_plugin_bridge::{
    Composite, Unbridgeable, Work, is_cron, manifest_of_spec, manifest_of_workload, work_of,
};
use solti_plugin_host::RunnerRouter;
use solti_plugin_host::solti_model::Slot;
use solti_plugin_host::specs::Spec;
use tracing::{error, info};

use super::active::Active;
use super::all::Tasks;
use super::name;
use super::refusal::Refused;
use super::stored;
use crate::config::OnInterrupt;
use crate::store::{InsertError, Record, Seq};

/// The annotation that says on the routes of 0.0.8 what becomes of a task that is interrupted.
pub(crate) const ON_INTERRUPT: &str = "solti-host/on-interrupt";

/// What may stand beside the fields of a spec.
pub(crate) const BESIDE: &[&str] = &["name", "onInterrupt", "idempotencyKey"];

/// What was sent, where it is a task as the routes of 0.0.8 have it: kinds of plugins' own have no other form.
pub(crate) fn manifest_in(body: &[u8]) -> Option<Value> {
    // Most are specs, and are read once.
    memchr::memmem::find(body, b"\"Task\"")?;
    let sent: Value = serde_json::from_slice(body).ok()?;
    (sent["kind"] == "Task" && sent["apiVersion"].is_string()).then_some(sent)
}

/// The task of a spec, as the published line has it.
pub(crate) fn manifest_of(
    name: &str,
    annotations: &Map<String, Value>,
    spec: &Spec,
) -> Result<TaskManifest, Unbridgeable> {
    match spec {
        Spec::Task(spec) => manifest_of_spec(name, annotations, spec),
        Spec::Workload(task) => manifest_of_workload(name, annotations, task),
    }
}

/// What somebody asks for.
#[derive(Debug)]
pub(crate) struct New {
    pub(crate) manifest: TaskManifest,
    /// What becomes of it when it is interrupted, where that was said beside the manifest.
    pub(crate) on_interrupt: Option<OnInterrupt>,
    pub(crate) idempotency_key: Option<String>,
    /// The task that it does again.
    pub(crate) retry_of: Option<String>,
}

/// A task that was taken.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) name: String,
    /// As core has it; not for one that had been taken before.
    pub(crate) task: Option<Task>,
}

impl Tasks {
    /// A name for a task that was given none.
    pub(crate) fn name_for(slot: &Slot) -> String {
        name::made_of(slot.as_str())
    }

    /// A name that begins as something does, and that no other task has.
    #[cfg(feature = "queue")]
    pub(crate) fn name_in(slot: &str) -> String {
        name::made_of(slot)
    }

    /// A name for a task that was given a key instead of one: the same for the same key.
    #[cfg(feature = "queue")]
    pub(crate) fn name_of_key(slot: &Slot, key: &str) -> String {
        name::made_of_key(slot.as_str(), key)
    }

    /// Takes a task: when this returns the disk has it.
    pub(crate) async fn create(&self, new: New) -> Result<Admitted, Refused> {
        let admitted = self.try_create(new).await;
        if let Err(refused) = &admitted {
            self.counters.refused(refused.code());
        }
        admitted
    }

    async fn try_create(&self, new: New) -> Result<Admitted, Refused> {
        let on_interrupt = on_interrupt(&new.manifest, new.on_interrupt)?;
        self.check(&new.manifest)?;
        let name = new.manifest.name().to_string();
        let _locked = self.lock(&name).await;
        let json = json_of(&new.manifest)?;
        let mut record = Record::new(name.clone(), json, on_interrupt, new.idempotency_key);
        record.retry_of = new.retry_of;
        let seq = match self.store.insert(record.clone()).await {
            Ok(seq) => seq,
            Err(InsertError::NameTaken) => return Err(Refused::NameTaken { name }),
            Err(InsertError::KeyTaken(seq)) => return self.taken_before(seq, &record),
            Err(InsertError::Store(err)) => return Err(err.into()),
        };
        self.active
            .lock()
            .insert(name.clone(), Active::new(seq, record.slot(), Vec::new()));
        self.outputs.begin(seq, &name);
        match self.hand_over(&name, new.manifest).await {
            Ok(task) => {
                self.counters.accepted();
                info!(task = %name, "accepted");
                Ok(Admitted {
                    name,
                    task: Some(task),
                })
            }
            Err(err) => {
                self.take_back(&name, seq).await;
                Err(err.into())
            }
        }
    }

    /// Takes a task like one that is in the store, under another name.
    pub(crate) async fn retry(&self, name: &str) -> Result<Admitted, Refused> {
        let found = self.store.get(name)?;
        let (_, record) = found.ok_or_else(|| Refused::NotFound {
            name: name.to_owned(),
        })?;
        let mut manifest = record.manifest.clone();
        manifest["metadata"]["name"] = name::made_of(record.slot()).into();
        let manifest = serde_json::from_value(manifest)
            .map_err(|err| Refused::Core(ApiError::Internal(err.to_string())))?;
        self.create(New {
            manifest,
            on_interrupt: Some(record.on_interrupt),
            idempotency_key: None,
            retry_of: Some(name.to_owned()),
        })
        .await
    }

    /// Has core create a task, behind those of its slot that came before: it builds tasks side by side, and
    /// takes them as they are ready.
    pub(super) async fn hand_over(
        &self,
        name: &str,
        manifest: TaskManifest,
    ) -> Result<Task, ApiError> {
        let before = {
            let all = self.active.lock();
            let active = all.get(name);
            active.and_then(|active| self.turns.queue(&active.turn))
        };
        if let Some(before) = before {
            before.wait().await;
        }
        self.core().create(manifest).await
    }

    /// Creates a task or changes it: when this returns the disk has it.
    pub(crate) async fn apply(
        &self,
        manifest: TaskManifest,
        preconditions: WritePreconditions,
    ) -> Result<Task, Refused> {
        let on_interrupt = on_interrupt(&manifest, None)?;
        self.check(&manifest)?;
        let name = manifest.name().to_string();
        let locked = self.lock(&name).await;
        let Some((seq, before)) = self.store.get(&name)? else {
            drop(locked);
            if !preconditions.is_empty() {
                return Err(Refused::NotFound { name });
            }
            let new = New {
                manifest,
                on_interrupt: Some(on_interrupt),
                idempotency_key: None,
                retry_of: None,
            };
            let task = self.create(new).await?.task;
            return task.ok_or_else(|| ApiError::Internal("a task without one".to_owned()).into());
        };
        let mut record = before.clone();
        record.manifest = json_of(&manifest)?;
        record.on_interrupt = on_interrupt;
        let changes = record.manifest != before.manifest;
        // Nothing to do: as core has it, one that has ended does not run again.
        if before.ended.is_some() && !changes {
            return match self.core().get(manifest.name()).await? {
                Some(task) => Ok(task),
                None => stored::task_of(&before),
            };
        }
        if before.ended.is_some() {
            record.ended = None;
            self.begin_again(&name, seq, &record)?;
        }
        self.store.replace(seq, record).await?;
        match self.core().apply(manifest, preconditions).await {
            Ok(task) => Ok(task),
            Err(err) => {
                if before.ended.is_some() {
                    self.active.lock().remove(&name);
                    self.outputs.end(seq);
                }
                self.store.replace(seq, before).await?;
                Err(err.into())
            }
        }
    }

    /// Whether a task would be taken now.
    pub(crate) fn check(&self, manifest: &TaskManifest) -> Result<(), Refused> {
        if self.is_stopping() {
            return Err(Refused::Stopping);
        }
        let task = Task::from_manifest(manifest.clone())
            .map_err(|err| Refused::Core(ApiError::InvalidRequest(err.to_string())))?;
        for work in works_of(&task)? {
            self.find_runner(&work)?;
        }
        let limit = self.max_tasks;
        if self.active() >= limit {
            return Err(Refused::TooMany { limit });
        }
        Ok(())
    }

    fn find_runner(&self, work: &Work) -> Result<(), Refused> {
        let mut router = self.plugins.router();
        let takes = |router: &RunnerRouter| match work {
            Work::Spec(spec) => router.pick(spec).is_some(),
            Work::Workload(workload) => router.pick_workload(workload).is_some(),
            _ => true,
        };
        loop {
            if takes(&router) {
                return Ok(());
            }
            // What it led to may have been replaced while it was asked.
            let now = self.plugins.router();
            if Arc::ptr_eq(&now, &router) {
                break;
            }
            router = now;
        }
        let report = self.plugins.report();
        match work {
            Work::Spec(spec) => Err(Refused::NoRunner(
                report.why_no_runner(spec, self.plugins.directory()),
            )),
            Work::Workload(workload) => {
                let kinds = report.loaded().iter().flat_map(|plugin| {
                    let runners = plugin.runners.iter();
                    runners.flat_map(|runner| runner.kinds.names().map(str::to_owned))
                });
                let kinds: std::collections::BTreeSet<_> = kinds.collect();
                let kinds: Vec<_> = kinds.into_iter().collect();
                Err(Refused::NoRunner(format!(
                    "no runner for {} tasks: the plugins loaded from {} take {} tasks",
                    workload.kind,
                    self.plugins.directory().display(),
                    kinds.join(", ")
                )))
            }
            _ => Ok(()),
        }
    }

    /// A task that is in the store runs again: from now on its ends are noted.
    pub(super) fn begin_again(&self, name: &str, seq: Seq, record: &Record) -> Result<(), Refused> {
        let active = Active::new(seq, record.slot(), record.runs.clone());
        let begun = self.outputs.begin_again(seq, name, active.attempts());
        begun.map_err(|err| Refused::Core(ApiError::Internal(format!("its output: {err}"))))?;
        self.active.lock().insert(name.to_owned(), active);
        Ok(())
    }

    /// Core has refused what was in the store already.
    async fn take_back(&self, name: &str, seq: Seq) {
        self.active.lock().remove(name);
        self.outputs.end(seq);
        if let Err(err) = self.store.remove(seq).await {
            error!(
                task = name,
                "it was refused and is still in the store: {err}"
            );
        }
        self.outputs.remove(seq);
    }

    /// A task with this idempotency key is there already: the same, or another.
    fn taken_before(&self, seq: Seq, asked: &Record) -> Result<Admitted, Refused> {
        let found = self.store.at(seq)?;
        let Some(found) = found else {
            return Err(Refused::Stopping);
        };
        let same = ["spec", "apiVersion"]
            .iter()
            .all(|field| found.manifest[*field] == asked.manifest[*field])
            && found.manifest["metadata"]["labels"] == asked.manifest["metadata"]["labels"];
        if same {
            Ok(Admitted {
                name: found.name,
                task: None,
            })
        } else {
            Err(Refused::KeyReused { name: found.name })
        }
    }
}

/// What runners of plugins are asked to do by a task: by each of its parts, where it has some.
fn works_of(task: &Task) -> Result<Vec<Work>, Unbridgeable> {
    match Composite::of(task)? {
        None => Ok(vec![work_of(task)?]),
        Some(composite) => composite.parts(task)?.iter().map(work_of).collect(),
    }
}

fn json_of(manifest: &TaskManifest) -> Result<Value, Refused> {
    serde_json::to_value(manifest)
        .map_err(|err| Refused::Core(ApiError::InvalidRequest(err.to_string())))
}

/// What becomes of a task that is interrupted: what was asked for, or what its restart policy suggests.
fn on_interrupt(
    manifest: &TaskManifest,
    asked: Option<OnInterrupt>,
) -> Result<OnInterrupt, Refused> {
    if let Some(asked) = asked {
        return Ok(asked);
    }
    match manifest.metadata().annotations().get(ON_INTERRUPT) {
        Some(text) => OnInterrupt::named(text).ok_or_else(|| Refused::Invalid {
            field: format!("metadata.annotations[{ON_INTERRUPT}]"),
            reason: format!("is {text:?}, expected rerun or fail"),
        }),
        // A calendar goes on.
        None if is_cron(manifest.spec().workload()) => Ok(OnInterrupt::Rerun),
        None if matches!(manifest.spec().restart(), RestartPolicy::Never) => Ok(OnInterrupt::Fail),
        None => Ok(OnInterrupt::Rerun),
    }
}
