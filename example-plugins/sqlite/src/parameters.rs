//! What stands for the parameters of a statement.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusqlite::Statement;
use rusqlite::types::Value as SqlValue;
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use serde_json::Value;

/// The values of a task, by name or in order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Parameters {
    /// Those of `:name`, `@name` and `$name`.
    Named(BTreeMap<String, SqlValue>),
    /// Those of `?`, beginning anew with each statement.
    Listed(Vec<SqlValue>),
}

impl Default for Parameters {
    fn default() -> Self {
        Self::Named(BTreeMap::new())
    }
}

impl Parameters {
    /// Gives a statement its values.
    ///
    /// # Errors
    ///
    /// What is missing, or SQLite's refusal.
    pub(crate) fn bind(&self, statement: &mut Statement<'_>) -> Result<(), String> {
        for index in 1..=statement.parameter_count() {
            let name = statement.parameter_name(index).map(str::to_owned);
            let value = match (self, name.as_deref()) {
                (Self::Named(values), Some(name)) => values.get(&name[1..]),
                (Self::Listed(values), name) if name.is_none_or(|it| it.starts_with('?')) => {
                    values.get(index - 1)
                }
                _ => None,
            };
            let value = value.ok_or_else(|| match name {
                Some(name) => format!("the parameter {name} has no value in parameters"),
                None => format!("the parameter ? number {index} has no value in parameters"),
            })?;
            statement
                .raw_bind_parameter(index, value)
                .map_err(|err| format!("the value of parameter {index} is not taken: {err}"))?;
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Parameters {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Value::deserialize(from)? {
            Value::Null => Ok(Self::default()),
            Value::Object(named) => named
                .into_iter()
                .map(|(name, value)| {
                    let bare = name.trim_start_matches([':', '@', '$']).to_owned();
                    sql_value(value).map(|value| (bare, value))
                })
                .collect::<Result<_, _>>()
                .map(Self::Named)
                .map_err(D::Error::custom),
            Value::Array(listed) => listed
                .into_iter()
                .map(sql_value)
                .collect::<Result<_, _>>()
                .map(Self::Listed)
                .map_err(D::Error::custom),
            other => Err(D::Error::custom(format!(
                "expected an object or an array of values, found {other}"
            ))),
        }
    }
}

fn sql_value(value: Value) -> Result<SqlValue, String> {
    let refused = |value: &Value| {
        format!(
            "expected values: null, a number, a text, true, false, or {{\"base64\": \"…\"}} for \
             bytes, found {value}"
        )
    };
    Ok(match &value {
        Value::Null => SqlValue::Null,
        Value::Bool(is_true) => SqlValue::Integer((*is_true).into()),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => SqlValue::Integer(integer),
            (None, Some(real)) => SqlValue::Real(real),
            (None, None) => return Err(refused(&value)),
        },
        Value::String(text) => SqlValue::Text(text.clone()),
        Value::Object(object) if object.len() == 1 => {
            let bytes = object.get("base64").and_then(Value::as_str);
            let bytes = bytes.and_then(|text| STANDARD.decode(text).ok());
            SqlValue::Blob(bytes.ok_or_else(|| refused(&value))?)
        }
        Value::Array(_) | Value::Object(_) => return Err(refused(&value)),
    })
}
