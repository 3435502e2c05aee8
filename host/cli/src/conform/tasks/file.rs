//! A file of tasks, by what they do.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde_json::Value;
use solti_plugin_host::specs::{self, SpecError};
use solti_plugin_host::text::escape;
use thiserror::Error;

use super::task::{Does, Task, Work};

/// What stands in the place of a spec for the suite's own task.
const BUILT_IN: &str = "built-in";

/// What stands in a text for the directory of the file.
const HERE: &str = "{here}";

/// Why there are no tasks to run.
#[derive(Debug, Error)]
pub(in crate::conform) enum TasksError {
    #[error("{place}: cannot be read: {err}")]
    Unreadable { place: String, err: io::Error },
    #[error("{place}: not JSON: {err}")]
    NotJson {
        place: String,
        err: serde_json::Error,
    },
    #[error(
        "{place}: expected an object that names tasks by what they do ({}), found {found}",
        names()
    )]
    NotAnObject { place: String, found: &'static str },
    #[error("{place}: unknown name '{name}', expected one of {}", names())]
    UnknownName { place: String, name: String },
    #[error(transparent)]
    Spec(SpecError),
    #[error(
        "{place}: the suite has no task of its own that does this for a plugin of this kind; give a \
         spec, or leave it out"
    )]
    NoneBuiltIn { place: String },
    #[error("a module for the suite's own tasks cannot be written to {place}: {err}")]
    NotMade { place: String, err: io::Error },
}

fn names() -> String {
    Does::ALL.map(Does::name).join(", ")
}

/// Reads the tasks of a file, with those that the suite has of its `own`.
pub(super) fn read(
    file: &Path,
    own: impl Fn(Does) -> Result<Option<Work>, TasksError>,
) -> Result<BTreeMap<Does, Task>, TasksError> {
    let place = file.display().to_string();
    let bytes = std::fs::read(file).map_err(|err| TasksError::Unreadable {
        place: place.clone(),
        err,
    })?;
    let read: Value = serde_json::from_slice(&bytes).map_err(|err| TasksError::NotJson {
        place: place.clone(),
        err,
    })?;
    let Value::Object(fields) = read else {
        let found = kind_of(&read);
        return Err(TasksError::NotAnObject { place, found });
    };
    let here = file.parent().filter(|parent| *parent != Path::new(""));
    let here = here.unwrap_or(Path::new("."));
    let here = std::path::absolute(here).unwrap_or_else(|_| here.to_owned());
    let mut by_what = BTreeMap::new();
    for (name, mut value) in fields {
        let Some(does) = Does::ALL.into_iter().find(|does| does.name() == name) else {
            let name = escape(&name).into_owned();
            return Err(TasksError::UnknownName { place, name });
        };
        let place = format!("{place}.{name}");
        let task = if value == BUILT_IN {
            let work = own(does)?.ok_or(TasksError::NoneBuiltIn { place })?;
            Task { work, given: false }
        } else {
            put_in(&mut value, &here.display().to_string());
            let work = work(&place, &value)?;
            Task { work, given: true }
        };
        by_what.insert(does, task);
    }
    Ok(by_what)
}

/// Puts the directory of the file into every text that asks for it.
fn put_in(value: &mut Value, here: &str) {
    match value {
        Value::String(text) => *text = text.replace(HERE, here),
        Value::Array(items) => items.iter_mut().for_each(|item| put_in(item, here)),
        Value::Object(fields) => fields.values_mut().for_each(|field| put_in(field, here)),
        _ => {}
    }
}

/// A spec, or a workload where the kind is a text.
pub(in crate::conform) fn work(place: &str, value: &Value) -> Result<Work, TasksError> {
    let mut found = None;
    let bytes = value.to_string();
    specs::read_bytes(place, bytes.as_bytes(), &[], &mut |spec| {
        found.get_or_insert(spec);
    });
    let found = found.expect("something is said of every text");
    Ok(found.map_err(TasksError::Spec)?.spec.into())
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
