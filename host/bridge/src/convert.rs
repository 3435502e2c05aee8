//! Specs of the published line as those that plugins read, and the other way.

use serde_json::{Map, Value, json};
use solti_model_published as published;
use solti_plugin_host::Workload;
use solti_plugin_host::solti_model::{
    AdmissionPolicy, BackoffPolicy, ContainerSpec, Flag, JitterPolicy, Labels,
    MAX_SCRIPT_BODY_BYTES, RestartPolicy, RunnerSelector, Runtime, SubprocessMode, SubprocessSpec,
    TaskEnv, TaskKind, TaskSpec, WasmSpec,
};
use solti_plugin_host::text::mismatch::quoted;
use thiserror::Error;

use crate::gvk;

/// What a plugin is asked to do: a spec of the model, or a workload of a kind that it has no room for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Work {
    /// One of the three kinds of the model.
    Spec(Box<TaskSpec>),
    /// Any other.
    Workload(Box<Workload>),
}

/// Why a spec has no counterpart on the other side.
#[derive(Debug, Error)]
#[error("{field}: {reason}")]
pub struct Unbridgeable {
    /// The field of the spec.
    pub field: &'static str,
    /// What is wrong with it.
    pub reason: String,
}

fn unbridgeable(field: &'static str, reason: impl ToString) -> Unbridgeable {
    Unbridgeable {
        field,
        reason: reason.to_string(),
    }
}

/// What a plugin is asked to do by a task of the published line.
///
/// # Errors
///
/// When the task is embedded, or something in it is of a kind that this version does not know.
pub fn work_of(task: &published::Task) -> Result<Work, Unbridgeable> {
    let spec = task.spec();
    let timeout = spec.timeout().as_millis();
    let selector = selector_of(spec)?;
    let mut labels = Labels::new();
    for (key, value) in task.labels().iter() {
        labels.insert(key, value);
    }
    let kind = match spec.workload() {
        published::TaskWorkload::Extension(extension) => {
            let kind = gvk::kind_of(extension.api_version(), extension.kind());
            let mut workload = Workload::new(
                spec.slot().as_str(),
                kind,
                timeout,
                extension.spec().clone(),
            );
            workload.restart = restart_of(spec.restart())?;
            workload.backoff = backoff_of(spec.backoff())?;
            workload.admission = admission_of(spec.admission())?;
            workload.runner_selector = selector;
            workload.labels = labels;
            return Ok(Work::Workload(Box::new(workload)));
        }
        other => kind_of(other)?,
    };
    let mut builder = TaskSpec::builder(spec.slot().as_str(), kind, timeout)
        .restart(restart_of(spec.restart())?)
        .backoff(backoff_of(spec.backoff())?)
        .admission(admission_of(spec.admission())?)
        .labels(labels);
    if let Some(selector) = selector {
        builder = builder.runner_selector(selector);
    }
    let spec = builder.build().map_err(|err| unbridgeable("spec", err))?;
    Ok(Work::Spec(Box::new(spec)))
}

fn kind_of(workload: &published::TaskWorkload) -> Result<TaskKind, Unbridgeable> {
    match workload {
        published::TaskWorkload::Subprocess(spec) => {
            let mode = match &spec.mode {
                published::SubprocessMode::Command { command, args } => SubprocessMode::Command {
                    command: command.clone(),
                    args: args.clone(),
                },
                published::SubprocessMode::Script {
                    interpreter,
                    body,
                    args,
                } => SubprocessMode::Script {
                    runtime: runtime_of(interpreter),
                    body: body.clone(),
                    args: args.clone(),
                },
                other => {
                    return Err(unbridgeable(
                        "spec.workload.spec.mode",
                        format!("unknown to plugins: {other:?}"),
                    ));
                }
            };
            Ok(TaskKind::Subprocess(SubprocessSpec {
                mode,
                env: env_of(&spec.env),
                cwd: spec.cwd.clone(),
                fail_on_non_zero: if spec.fail_on_non_zero.is_enabled() {
                    Flag::enabled()
                } else {
                    Flag::disabled()
                },
            }))
        }
        published::TaskWorkload::Wasm(spec) => Ok(TaskKind::Wasm(WasmSpec {
            module: spec.module.clone(),
            args: spec.args.clone(),
            env: env_of(&spec.env),
        })),
        published::TaskWorkload::Container(spec) => Ok(TaskKind::Container(ContainerSpec {
            image: spec.image.clone(),
            command: spec.command.clone(),
            args: spec.args.clone(),
            env: env_of(&spec.env),
        })),
        other => Err(unbridgeable(
            "spec.workload.kind",
            format!("{} is not for runners of plugins", other.kind()),
        )),
    }
}

/// How a script's interpreter is run. The published line names a program; which flag it takes is known of
/// the three of the model, and `-c` is what shells have.
fn runtime_of(interpreter: &str) -> Runtime {
    match interpreter {
        "bash" => Runtime::Bash,
        "node" => Runtime::Node,
        "python" | "python3" => Runtime::Python,
        other => {
            let flag = match other.rsplit('/').next() {
                Some("node" | "ruby" | "perl") => "-e",
                Some("php") => "-r",
                _ => "-c",
            };
            Runtime::Custom {
                command: other.to_owned(),
                flag: flag.to_owned(),
            }
        }
    }
}

fn env_of(env: &published::TaskEnv) -> TaskEnv {
    let mut ours = TaskEnv::default();
    for variable in env.iter() {
        ours.push(variable.key(), variable.value());
    }
    ours
}

fn restart_of(policy: published::RestartPolicy) -> Result<RestartPolicy, Unbridgeable> {
    Ok(match policy {
        published::RestartPolicy::Never => RestartPolicy::Never,
        published::RestartPolicy::OnFailure => RestartPolicy::OnFailure,
        published::RestartPolicy::Always { interval_ms } => RestartPolicy::Always { interval_ms },
        other => return Err(unbridgeable("spec.restart", format!("unknown: {other:?}"))),
    })
}

fn admission_of(policy: published::AdmissionPolicy) -> Result<AdmissionPolicy, Unbridgeable> {
    Ok(match policy {
        published::AdmissionPolicy::DropIfRunning => AdmissionPolicy::DropIfRunning,
        published::AdmissionPolicy::Replace => AdmissionPolicy::Replace,
        published::AdmissionPolicy::Queue => AdmissionPolicy::Queue,
        other => {
            return Err(unbridgeable(
                "spec.admission",
                format!("unknown: {other:?}"),
            ));
        }
    })
}

fn backoff_of(policy: &published::BackoffPolicy) -> Result<BackoffPolicy, Unbridgeable> {
    Ok(BackoffPolicy {
        jitter: match policy.jitter {
            published::JitterPolicy::Full => JitterPolicy::Full,
            published::JitterPolicy::None => JitterPolicy::None,
            published::JitterPolicy::Equal => JitterPolicy::Equal,
            published::JitterPolicy::Decorrelated => JitterPolicy::Decorrelated,
            other => {
                return Err(unbridgeable(
                    "spec.backoff.jitter",
                    format!("unknown: {other:?}"),
                ));
            }
        },
        first_ms: policy.first_ms,
        max_ms: policy.max_ms,
        factor: policy.factor,
    })
}

/// Selectors have one form on both sides.
fn selector_of(spec: &published::TaskSpec) -> Result<Option<RunnerSelector>, Unbridgeable> {
    let Some(selector) = spec.runner_selector() else {
        return Ok(None);
    };
    let bad = |err: serde_json::Error| unbridgeable("spec.runnerSelector", err);
    let json = serde_json::to_value(selector).map_err(bad)?;
    serde_json::from_value(json).map(Some).map_err(bad)
}

/// What is known of a task besides its spec: its name, uid and generation, labels and annotations, as plugins
/// are told of it by [`BuildContext::with_metadata`](solti_plugin_host::BuildContext::with_metadata).
#[must_use]
pub fn metadata_of(task: &published::Task) -> Map<String, Value> {
    let texts = |pairs: &mut dyn Iterator<Item = (&str, &str)>| -> Value {
        let pairs = pairs.map(|(key, value)| (key.to_owned(), Value::from(value)));
        Value::Object(pairs.collect())
    };
    let metadata = task.metadata();
    let mut known = Map::new();
    known.insert("name".to_owned(), task.name().as_str().into());
    known.insert("uid".to_owned(), task.uid().as_str().into());
    known.insert("generation".to_owned(), metadata.generation().into());
    if !metadata.labels().is_empty() {
        known.insert("labels".to_owned(), texts(&mut metadata.labels().iter()));
    }
    if !metadata.annotations().is_empty() {
        let annotations = texts(&mut metadata.annotations().iter());
        known.insert("annotations".to_owned(), annotations);
    }
    known
}

/// The manifest, in the published line, of a spec that plugins read, under this name and with these
/// annotations.
///
/// # Errors
///
/// When the published line refuses it, such as for a name or a label that it does not take.
pub fn manifest_of_spec(
    name: &str,
    annotations: &Map<String, Value>,
    spec: &TaskSpec,
) -> Result<published::TaskManifest, Unbridgeable> {
    let json_of =
        |field, value: serde_json::Result<Value>| value.map_err(|err| unbridgeable(field, err));
    let workload = workload_of(spec.kind())?;
    let mut fields = json!({
        "slot": spec.slot(),
        "workload": workload,
        "timeout": spec.timeout(),
        "restart": json_of("restart", serde_json::to_value(spec.restart()))?,
        "backoff": json_of("backoff", serde_json::to_value(spec.backoff()))?,
        "admission": json_of("admission", serde_json::to_value(spec.admission()))?,
    });
    if let Some(selector) = spec.runner_selector() {
        fields["runnerSelector"] = json_of("runnerSelector", serde_json::to_value(selector))?;
    }
    manifest(name, annotations, spec.labels(), &fields)
}

/// As [`manifest_of_spec`], of a task of a kind of a plugin's own.
///
/// # Errors
///
/// As there, and when the kind is not `group/version/Kind`, in two parts of which the published line names
/// it.
pub fn manifest_of_workload(
    name: &str,
    annotations: &Map<String, Value>,
    task: &Workload,
) -> Result<published::TaskManifest, Unbridgeable> {
    let (version, kind) = task.kind.rsplit_once('/').ok_or_else(|| {
        let found = quoted(&task.kind);
        unbridgeable(
            "kind",
            format!("expected subprocess, wasm or container, or group/version/Kind, found {found}"),
        )
    })?;
    // But for these the two have the same fields.
    let mut fields = serde_json::to_value(task).map_err(|err| unbridgeable("spec", err))?;
    for field in ["kind", "spec", "labels"] {
        fields
            .as_object_mut()
            .and_then(|fields| fields.remove(field));
    }
    fields["workload"] = json!({ "apiVersion": version, "kind": kind, "spec": task.spec });
    manifest(name, annotations, &task.labels, &fields)
}

fn manifest(
    name: &str,
    annotations: &Map<String, Value>,
    labels: &Labels,
    fields: &Value,
) -> Result<published::TaskManifest, Unbridgeable> {
    let manifest = json!({
        "apiVersion": published::TASK_API_VERSION,
        "kind": published::TASK_KIND,
        "metadata": { "name": name, "labels": labels, "annotations": annotations },
        "spec": fields,
    });
    serde_json::from_value(manifest).map_err(|err| unbridgeable("spec", err))
}

/// The workload, as JSON of the published line, of a kind of the model.
fn workload_of(kind: &TaskKind) -> Result<Value, Unbridgeable> {
    let (name, spec) = match kind {
        TaskKind::Subprocess(spec) => ("Subprocess", subprocess_of(spec)?),
        TaskKind::Wasm(spec) => ("Wasm", plain(spec)?),
        TaskKind::Container(spec) => ("Container", plain(spec)?),
        other => {
            return Err(unbridgeable(
                "kind",
                format!("{} is not for runners of plugins", other.kind()),
            ));
        }
    };
    Ok(json!({
        "apiVersion": published::WORKLOAD_API_VERSION,
        "kind": name,
        "spec": spec,
    }))
}

fn plain(spec: &impl serde::Serialize) -> Result<Value, Unbridgeable> {
    serde_json::to_value(spec).map_err(|err| unbridgeable("kind", err))
}

fn subprocess_of(spec: &SubprocessSpec) -> Result<Value, Unbridgeable> {
    let mut json = plain(spec)?;
    if let SubprocessMode::Script {
        runtime,
        body,
        args,
    } = &spec.mode
    {
        let (command, flag) = runtime.resolve();
        let same = runtime_of(command);
        if same.resolve() != (command, flag) {
            return Err(unbridgeable(
                "kind.subprocess.mode.script.runtime",
                format!("{command} with {flag} cannot be said in the published line"),
            ));
        }
        json["mode"] = json!({
            "script": { "interpreter": command, "body": body, "args": args }
        });
    }
    Ok(json)
}

/// Scripts of both lines have one limit; a larger one would be refused later, by whoever runs it.
const _: () = assert!(MAX_SCRIPT_BODY_BYTES == published::MAX_SCRIPT_BODY_BYTES);

#[cfg(test)]
mod tests;
