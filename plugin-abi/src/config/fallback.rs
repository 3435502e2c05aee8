//! The default of a field, as a value, and whether it is one.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::schema::{Fallback, Schema};

/// The value of a default.
///
/// # Panics
///
/// When it is no value of the type, for which the compiler has not looked at it: the plugin is refused with
/// that, in the first test of its constructor as well.
#[must_use]
pub fn fallback_of<T: DeserializeOwned>(fallback: &Fallback) -> T {
    let value = value(fallback).unwrap_or(Value::Null);
    let shown = value.to_string();
    match serde_json::from_value(value) {
        Ok(value) => value,
        Err(err) => panic!("the default {shown} of a field of the configuration is wrong: {err}"),
    }
}

fn value(fallback: &Fallback) -> Option<Value> {
    match fallback {
        Fallback::Required | Fallback::Absent => None,
        Fallback::Json(json) => serde_json::from_str(json).ok(),
        Fallback::Integer(number) => match u64::try_from(*number) {
            Ok(number) => Some(number.into()),
            Err(_) => i64::try_from(*number).ok().map(Into::into),
        },
    }
}

/// Refuses a default that is none, as far as a constant can tell.
pub const fn check_fallback(schema: &Schema, fallback: &Fallback) {
    match (schema, fallback) {
        (_, Fallback::Required) => {
            panic!(
                "PluginConfig: a field of this type has no default of its own: `#[config(default = …)]`"
            );
        }
        (Schema::Integer(least, most), Fallback::Integer(number)) => assert!(
            *least <= *number && *number <= *most,
            "PluginConfig: the default is not in the range of its type"
        ),
        (Schema::Integer(..) | Schema::Flag, Fallback::Json(json)) => assert!(
            json.as_bytes()[0] != b'"' && json.as_bytes()[0] != b'[',
            "PluginConfig: the default is of another type"
        ),
        (
            Schema::Text | Schema::Path | Schema::Character | Schema::Words(_),
            Fallback::Json(json),
        ) => {
            assert!(
                json.as_bytes()[0] == b'"',
                "PluginConfig: the default is of another type"
            );
        }
        (Schema::List(_), Fallback::Json(json)) => assert!(
            json.as_bytes()[0] == b'[',
            "PluginConfig: the default is of another type"
        ),
        (Schema::Number | Schema::Integer(..), _) | (_, Fallback::Absent | Fallback::Json(_)) => {}
        (_, Fallback::Integer(_)) => panic!("PluginConfig: the default is of another type"),
    }
}
