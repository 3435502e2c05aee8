//! Tasks, as the service's own API has them.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value, json};
use solti_model_published::{TaskId, WritePreconditions};
use solti_plugin_host::specs::{self, PlacedSpec, SpecError};

use super::app::App;
use super::error::Problem;
use super::query::pairs;
use crate::config::OnInterrupt;
use crate::store::Filter;
use crate::tasks::{
    BESIDE, New, PHASES, TaskList, TaskView, Tasks, Wanted, manifest_in, manifest_of,
};

/// How many tasks a list has unless it is asked for another number, and at most.
const LISTED: usize = 100;
const MOST_LISTED: usize = 1000;

/// `POST /v1/tasks`: takes what `solti-host run` takes.
pub(super) async fn create(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(manifest) = manifest_in(&body) {
        return match whole(&app.tasks, manifest, &headers).await {
            Ok((status, view)) => (status, Json(view)).into_response(),
            Err(problem) => problem.into_response(),
        };
    }
    let mut specs = Vec::new();
    specs::read_bytes("body", &body, BESIDE, &mut |spec| specs.push(spec));
    let is_one =
        specs.len() == 1 && body.iter().find(|it| !it.is_ascii_whitespace()) != Some(&b'[');
    let key = headers
        .get("idempotency-key")
        .and_then(|key| key.to_str().ok());
    if is_one && let Some(spec) = specs.pop() {
        return match one(&app.tasks, spec, key).await {
            Ok((status, view)) => (status, Json(view)).into_response(),
            Err(problem) => problem.into_response(),
        };
    }
    if key.is_some() {
        let message =
            "one key cannot be that of several tasks: give each an idempotencyKey of its own";
        return Problem::bad("invalid", message)
            .in_field("Idempotency-Key")
            .into_response();
    }
    let mut all = Vec::new();
    let mut every = true;
    for spec in specs {
        all.push(match one(&app.tasks, spec, None).await {
            Ok((_, view)) => json!(view),
            Err(problem) => {
                every = false;
                json!({ "error": problem })
            }
        });
    }
    let status = if every {
        StatusCode::CREATED
    } else {
        StatusCode::MULTI_STATUS
    };
    (status, Json(json!({ "tasks": all }))).into_response()
}

/// Takes a task as the routes of 0.0.8 have it.
async fn whole(
    tasks: &Tasks,
    manifest: Value,
    headers: &HeaderMap,
) -> Result<(StatusCode, TaskView), Problem> {
    let manifest = serde_path_to_error::deserialize(manifest).map_err(|err| {
        let field = err.path().to_string();
        Problem::bad("invalid", format!("{field}: {}", err.inner())).in_field(field)
    })?;
    let key = headers
        .get("idempotency-key")
        .and_then(|key| key.to_str().ok());
    let new = New {
        manifest,
        on_interrupt: None,
        idempotency_key: key.map(str::to_owned),
        retry_of: None,
    };
    taken(tasks, new).await
}

/// Takes a task, and shows it.
async fn taken(tasks: &Tasks, new: New) -> Result<(StatusCode, TaskView), Problem> {
    let admitted = tasks.create(new).await?;
    let status = if admitted.task.is_some() {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, tasks.view(&admitted.name)?.0))
}

/// Takes one task.
async fn one(
    tasks: &Arc<Tasks>,
    spec: Result<PlacedSpec, SpecError>,
    key: Option<&str>,
) -> Result<(StatusCode, TaskView), Problem> {
    let PlacedSpec { spec, beside, .. } = spec.map_err(|err| of_spec(&err))?;
    let name = match beside.get("name") {
        Some(name) => name.clone(),
        None => Tasks::name_for(spec.slot()),
    };
    let on_interrupt = match beside.get("onInterrupt") {
        None => None,
        Some(text) => Some(
            OnInterrupt::named(text)
                .ok_or_else(|| Problem::unexpected("onInterrupt", text, "rerun or fail"))?,
        ),
    };
    let manifest = manifest_of(&name, &Map::new(), &spec);
    let manifest =
        manifest.map_err(|err| Problem::bad("invalid", err.to_string()).in_field(err.field))?;
    let idempotency_key = beside
        .get("idempotencyKey")
        .cloned()
        .or_else(|| key.map(str::to_owned));
    let new = New {
        manifest,
        on_interrupt,
        idempotency_key,
        retry_of: None,
    };
    taken(tasks, new).await
}

/// What is wrong with a spec, with the field where it is one.
fn of_spec(err: &SpecError) -> Problem {
    let text = err.to_string();
    let text = text.strip_prefix("body: ").unwrap_or(&text).to_owned();
    match err {
        SpecError::Invalid { reason, .. } => {
            let field = reason.split_once(": ").map(|(field, _)| field.to_owned());
            let problem = Problem::bad("invalid", text);
            match field {
                Some(field) => problem.in_field(field),
                None => problem,
            }
        }
        SpecError::NotJson { .. } | SpecError::Utf16 { .. } => Problem::bad("not_json", text),
        SpecError::Empty { .. } => Problem::bad("empty", text),
        _ => Problem::bad("invalid", text),
    }
}

/// `GET /v1/tasks`.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
) -> Result<Json<TaskList>, Problem> {
    let mut filter = Filter {
        limit: LISTED,
        ..Filter::default()
    };
    let mut wanted = Wanted::default();
    for (name, value) in pairs(query.as_deref().unwrap_or_default()) {
        match name.as_str() {
            "limit" => {
                filter.limit = value
                    .parse()
                    .ok()
                    .filter(|limit| (1..=MOST_LISTED).contains(limit))
                    .ok_or_else(|| {
                        Problem::unexpected("limit", &value, "a number from 1 to 1000")
                    })?;
            }
            "before" => {
                let before = value.parse().map_err(|_| {
                    Problem::unexpected("before", &value, "what `next` of a list was")
                })?;
                filter.before = Some(before);
            }
            "ended" => {
                let ended = value
                    .parse()
                    .map_err(|_| Problem::unexpected("ended", &value, "true or false"))?;
                filter.ended = Some(ended);
            }
            "slot" => filter.slot = Some(value),
            "prefix" => filter.prefix = Some(value),
            "kind" => filter.kind = Some(value),
            "plugin" => wanted.plugin = Some(value),
            "label" => {
                let label = value.split_once('=').ok_or_else(|| {
                    Problem::unexpected("label", &value, "a key and a value, such as zone=eu")
                })?;
                filter.labels.push((label.0.to_owned(), label.1.to_owned()));
            }
            "phase" => {
                for phase in value.split(',') {
                    if !PHASES.contains(&phase) {
                        let all = PHASES.join(", ");
                        return Err(Problem::unexpected("phase", phase, &all));
                    }
                    wanted.phases.push(phase.to_owned());
                }
            }
            _ => {
                return Err(Problem::unknown_parameter(
                    name,
                    "limit, before, ended, phase, slot, kind, plugin, label or prefix",
                ));
            }
        }
    }
    let tasks = Arc::clone(&app.tasks);
    let listed = tokio::task::spawn_blocking(move || tasks.list(&filter, &wanted)).await;
    let listed = listed.map_err(|err| Problem::internal(err.to_string()))?;
    Ok(Json(listed?))
}

/// `GET /v1/tasks/{name}`.
pub(super) async fn get(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Json<TaskView>, Problem> {
    Ok(Json(app.tasks.view(&name)?.0))
}

/// `POST /v1/tasks/{name}/cancel`.
pub(super) async fn cancel(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    app.tasks.seq(&name)?;
    let id = id_of(&name)?;
    app.tasks.cancel(&id, WritePreconditions::default()).await?;
    Ok(Json(json!({ "name": name })))
}

/// `POST /v1/tasks/{name}/retry`: takes a task like it, under another name.
pub(super) async fn retry(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<(StatusCode, Json<TaskView>), Problem> {
    let admitted = app.tasks.retry(&name).await?;
    let (view, _) = app.tasks.view(&admitted.name)?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// `DELETE /v1/tasks/{name}`.
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    app.tasks.seq(&name)?;
    let id = id_of(&name)?;
    app.tasks.delete(&id, WritePreconditions::default()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn id_of(name: &str) -> Result<TaskId, Problem> {
    TaskId::new(name).map_err(|err| Problem::bad("invalid", err.to_string()).in_field("name"))
}
