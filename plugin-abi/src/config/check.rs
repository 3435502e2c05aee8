//! Whether a configuration is what its description says, in the words that the plugin itself would use.

use serde_json::{Map, Number, Value};

use super::number::between;
use super::parsed::{ConfigSchema, Others};
use crate::text::mismatch::{expected, name, one_of, quoted, unknown_field};
use crate::text::shorten;

/// How much of a path is shown, in bytes.
const LONGEST_PATH: usize = 256;

impl ConfigSchema {
    /// Checks a configuration.
    ///
    /// # Errors
    ///
    /// The first field that is wrong, what was found and what was expected: `config.workers: expected a whole
    /// number of 0 or more, found "x"`. The plugin would say the same.
    pub fn check(&self, config: &Map<String, Value>) -> Result<(), String> {
        let mut path = "config".to_owned();
        self.check_table(config, &mut path).map_err(|said| {
            let path = shorten(&path, LONGEST_PATH);
            format!("{path}: {said}")
        })
    }

    fn check_value(&self, value: &Value, path: &mut String) -> Result<(), String> {
        // The plugin decides what nothing means.
        if value.is_null() {
            return Ok(());
        }
        let wrong = || Err(expected(&self.wanted(), &described(value)));
        if !self.words.is_empty() {
            let is_one = |text: &str| self.words.iter().any(|word| word == text);
            return match value.as_str() {
                Some(text) if is_one(text) => Ok(()),
                _ => wrong(),
            };
        }
        match (self.of.as_deref(), value) {
            (Some("boolean"), Value::Bool(_)) | (Some("number"), Value::Number(_)) => Ok(()),
            (Some("integer"), Value::Number(number)) => match whole(number) {
                Some(number) if self.range().contains(&number) => Ok(()),
                _ => wrong(),
            },
            (Some("string"), Value::String(text)) => {
                let length = text.chars().count() as u64;
                let least = self.min_length.unwrap_or(0);
                let most = self.max_length.unwrap_or(u64::MAX);
                if (least..=most).contains(&length) {
                    Ok(())
                } else {
                    wrong()
                }
            }
            (Some("array"), Value::Array(values)) => self.check_list(values, path),
            (Some("object"), Value::Object(table)) => self.check_table(table, path),
            (Some("boolean" | "number" | "integer" | "string" | "array" | "object"), _) => wrong(),
            // A later version may know more types.
            _ => Ok(()),
        }
    }

    fn check_list(&self, values: &[Value], path: &mut String) -> Result<(), String> {
        let Some(items) = &self.items else {
            return Ok(());
        };
        for (index, value) in values.iter().enumerate() {
            let before = path.len();
            path.push_str(&format!("[{index}]"));
            items.check_value(value, path)?;
            path.truncate(before);
        }
        Ok(())
    }

    fn check_table(&self, table: &Map<String, Value>, path: &mut String) -> Result<(), String> {
        for (field, value) in table {
            let before = path.len();
            path.push('.');
            path.push_str(&name(field));
            match (self.field(field), &self.additional_properties) {
                (Some(schema), _) => schema.check_value(value, path)?,
                (None, Some(Others::Such(schema))) => schema.check_value(value, path)?,
                (None, Some(Others::Any(false))) => {
                    let known: Vec<_> = self.names().collect();
                    return Err(match (known.is_empty(), before == "config".len()) {
                        (true, true) => "this plugin takes no configuration".to_owned(),
                        _ => unknown_field(&known),
                    });
                }
                (None, None | Some(Others::Any(true))) => {}
            }
            path.truncate(before);
        }
        for field in &self.required {
            if !table.contains_key(field) {
                path.push('.');
                path.push_str(&name(field));
                return Err("missing, and it has no default".to_owned());
            }
        }
        Ok(())
    }

    pub(super) fn field(&self, wanted: &str) -> Option<&Self> {
        let fields = &self.properties.as_ref()?.0;
        let mut named = fields.iter().filter(|(name, _)| name == wanted);
        named.next().map(|(_, schema)| schema)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let fields = self.properties.iter().flat_map(|fields| &fields.0);
        fields.map(|(name, _)| name.as_str())
    }

    fn range(&self) -> std::ops::RangeInclusive<i128> {
        self.minimum.unwrap_or(i128::MIN)..=self.maximum.unwrap_or(i128::MAX)
    }

    /// What a value has to be, in words.
    pub(super) fn wanted(&self) -> String {
        if !self.words.is_empty() {
            let words: Vec<_> = self.words.iter().map(String::as_str).collect();
            return one_of(&words);
        }
        match self.of.as_deref() {
            Some("boolean") => "true or false".to_owned(),
            Some("number") => "a number".to_owned(),
            Some("integer") => match (self.minimum, self.maximum) {
                (Some(least), Some(most)) => between(least, most),
                _ => "a whole number".to_owned(),
            },
            Some("string") if self.max_length == Some(1) => "a single character".to_owned(),
            Some("string") if self.format.as_deref() == Some("path") => "a path".to_owned(),
            Some("string") => "text".to_owned(),
            Some("array") => "an array".to_owned(),
            Some("object") => "a table".to_owned(),
            _ => "a value".to_owned(),
        }
    }
}

fn whole(number: &Number) -> Option<i128> {
    let positive = number.as_u64().map(i128::from);
    positive.or_else(|| number.as_i64().map(i128::from))
}

fn described(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "a table".to_owned(),
    }
}
