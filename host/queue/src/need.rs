//! What a host has to have to take a task.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::digest;

/// What a host has to have to take a task: a runner of a kind, with labels that a selector asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Need {
    /// `subprocess`, `wasm`, `container`, or `group/version/Kind`.
    pub kind: String,
    /// The selector, as a spec has it; `null` for any runner of the kind.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub selector: Value,
}

impl Need {
    /// A kind, and a selector, which may be `null`.
    #[must_use]
    pub fn new(kind: impl Into<String>, selector: Value) -> Self {
        let is_empty = match &selector {
            Value::Object(fields) => fields.values().all(|field| match field {
                Value::Object(it) => it.is_empty(),
                Value::Array(it) => it.is_empty(),
                other => other.is_null(),
            }),
            other => other.is_null(),
        };
        Self {
            kind: kind.into(),
            selector: if is_empty { Value::Null } else { selector },
        }
    }

    /// A part of subjects that stands for it: the same in every host, whatever the order of its fields.
    #[must_use]
    pub fn token(&self) -> String {
        let readable: String = self
            .kind
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() {
                    c.to_ascii_lowercase()
                } else {
                    '-'
                }
            })
            .take(48)
            .collect();
        // The fields of an object are in the order of their names.
        let text = format!("{}\n{}", self.kind, self.selector);
        format!("{readable}-{}", digest(text.as_bytes(), 8))
    }
}

impl std::fmt::Display for Need {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.kind)?;
        if !self.selector.is_null() {
            write!(f, " with {}", self.selector)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_same_need_is_one_token_however_it_is_written() {
        let one = Need::new(
            "example.com/v1/Check",
            json!({ "matchLabels": { "b": "2", "a": "1" } }),
        );
        let other = Need::new(
            "example.com/v1/Check",
            json!({ "matchLabels": { "a": "1", "b": "2" } }),
        );
        assert_eq!(one.token(), other.token());
        assert!(
            one.token().starts_with("example-com-v1-check-"),
            "{}",
            one.token()
        );
        let any = Need::new("subprocess", Value::Null);
        let empty = json!({ "matchLabels": {}, "matchExpressions": [] });
        assert_eq!(Need::new("subprocess", empty), any);
        assert_ne!(any.token(), one.token());
    }
}
