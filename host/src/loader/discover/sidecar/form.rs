//! What stands in a sidecar, compared with what may stand there.

use serde_json::{Map, Number, Value};
use solti_model::Labels;
use solti_plugin_abi::text::mismatch::{expected, name as shown, quoted, unknown_field};
use toml::Spanned;
use toml::de::{DeArray, DeInteger, DeString, DeTable, DeValue};

use super::fault::Fault;
use super::syntax;

/// What a sidecar says.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) enabled: bool,
    pub(super) name: Option<String>,
    pub(super) labels: Labels,
    pub(super) config: Map<String, Value>,
}

/// Reads what a sidecar says.
pub(super) fn parse(text: &str) -> Result<Form, Fault> {
    let table = DeTable::parse(text).map_err(|err| syntax::fault(&err, text))?;
    let mut form = Form {
        enabled: true,
        name: None,
        labels: Labels::new(),
        config: Map::new(),
    };
    for (key, value) in table.get_ref() {
        match &**key.get_ref() {
            "enabled" => match value.get_ref() {
                DeValue::Boolean(enabled) => form.enabled = *enabled,
                _ => return Err(unexpected("enabled", "true or false", value)),
            },
            "name" => form.name = Some(text_of("name", value)?.to_owned()),
            "labels" => form.labels = labels(value)?,
            "config" => match value.get_ref() {
                DeValue::Table(table) => form.config = fields("config", table)?,
                _ => return Err(unexpected("config", "a table", value)),
            },
            unknown => {
                let fault = unknown_field(&["enabled", "name", "labels", "config"]);
                return Err(Fault::new(key, format!("{}: {fault}", shown(unknown))));
            }
        }
    }
    Ok(form)
}

fn labels(value: &Spanned<DeValue<'_>>) -> Result<Labels, Fault> {
    let DeValue::Table(table) = value.get_ref() else {
        return Err(unexpected("labels", "a table", value));
    };
    let mut labels = Labels::new();
    for (key, value) in table {
        let path = below("labels", key);
        labels.insert(&**key.get_ref(), text_of(&path, value)?);
    }
    Ok(labels)
}

fn text_of<'a>(path: &str, value: &'a Spanned<DeValue<'_>>) -> Result<&'a str, Fault> {
    match value.get_ref() {
        DeValue::String(text) => Ok(text),
        _ => Err(unexpected(path, "a text in quotes", value)),
    }
}

/// The fields of a table as a plugin is given them.
fn fields(path: &str, table: &DeTable<'_>) -> Result<Map<String, Value>, Fault> {
    let fields = table.iter().map(|(key, value)| {
        let path = below(path, key);
        Ok((key.get_ref().to_string(), value_of(&path, value)?))
    });
    fields.collect()
}

fn value_of(path: &str, value: &Spanned<DeValue<'_>>) -> Result<Value, Fault> {
    let fault = |what: String| Fault::new(value, format!("{path}: {what}"));
    Ok(match value.get_ref() {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Integer(integer) => {
            let number = number_of(integer).ok_or_else(|| {
                let number = integer.to_string();
                fault(format!(
                    "{} is too large for a whole number, expected one from {} to {}",
                    shown(&number),
                    i64::MIN,
                    u64::MAX
                ))
            })?;
            Value::Number(number)
        }
        DeValue::Float(float) => {
            let number = float.as_str().parse().ok().and_then(Number::from_f64);
            let text = shown(float.as_str());
            number
                .map(Value::Number)
                .ok_or_else(|| fault(format!("{text} is no number that a plugin can be given")))?
        }
        DeValue::Datetime(time) => {
            return Err(fault(format!(
                "{time} is a date or a time, which a plugin cannot be given: write it in quotes"
            )));
        }
        DeValue::Array(items) => Value::Array(items_of(path, items)?),
        DeValue::Table(table) => Value::Object(fields(path, table)?),
    })
}

fn items_of(path: &str, items: &DeArray<'_>) -> Result<Vec<Value>, Fault> {
    let items = items.iter().enumerate();
    let items = items.map(|(at, item)| value_of(&format!("{path}[{at}]"), item));
    items.collect()
}

fn number_of(integer: &DeInteger<'_>) -> Option<Number> {
    let (text, radix) = (integer.as_str(), integer.radix());
    let signed = i64::from_str_radix(text, radix).map(Number::from);
    signed
        .or_else(|_| u64::from_str_radix(text, radix).map(Number::from))
        .ok()
}

fn below(path: &str, key: &Spanned<DeString<'_>>) -> String {
    format!("{path}.{}", shown(key.get_ref()))
}

fn unexpected(path: &str, wanted: &str, value: &Spanned<DeValue<'_>>) -> Fault {
    let found = match value.get_ref() {
        DeValue::String(text) => quoted(text),
        DeValue::Integer(integer) => shown(&integer.to_string()).into_owned(),
        DeValue::Float(float) => shown(float.as_str()).into_owned(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(_) => "a date or a time".to_owned(),
        DeValue::Array(_) => "an array".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    };
    Fault::new(value, format!("{path}: {}", expected(wanted, &found)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fault::Place;
    use super::*;

    #[test]
    fn what_is_wrong_is_told_with_its_line_its_path_and_no_word_of_a_language() {
        for (text, line, reason) in [
            (
                "enabled = \"no\"",
                1,
                "enabled: expected true or false, found \"no\"",
            ),
            ("name = 7", 1, "name: expected a text in quotes, found 7"),
            (
                "# a comment\nlabels = \"zone\"",
                2,
                "labels: expected a table, found \"zone\"",
            ),
            (
                "[labels]\nzone = true",
                2,
                "labels.zone: expected a text in quotes, found true",
            ),
            ("config = []", 1, "config: expected a table, found an array"),
            (
                "[config]\na = 1\nwhen = [{ at = 2026-11-25 }]",
                3,
                "config.when[0].at: 2026-11-25 is a date or a time, which a plugin cannot be given: \
                 write it in quotes",
            ),
            (
                "[config]\nmost = 99999999999999999999",
                2,
                "config.most: 99999999999999999999 is too large for a whole number, expected one \
                 from -9223372036854775808 to 18446744073709551615",
            ),
            (
                "[config]\nmost = inf",
                2,
                "config.most: inf is no number that a plugin can be given",
            ),
            (
                "[config]\nmost = 1e999",
                2,
                "config.most: 1e999 is no number that a plugin can be given",
            ),
            (
                "enable = true",
                1,
                "enable: unknown field, expected enabled, name, labels or config",
            ),
        ] {
            let fault = parse(text).unwrap_err();
            let place = Place::of(fault.at, text.as_bytes());
            assert_eq!((place.line, &*fault.reason), (line, reason), "{text}");
        }
    }

    #[test]
    fn what_is_right_is_given_to_the_plugin_as_it_stands_there() {
        let form = parse(
            "name = 'a'\n[labels]\nzone = \"eu\"\n[config]\nhex = 0x10\nbig = 18446744073709551615\n\
             low = -1_000\nhalf = 0.5\nlist = [1, 'x', { y = true }]\n[config.table]\nz = ''\n",
        )
        .unwrap();
        assert!(form.enabled);
        assert_eq!(form.name.as_deref(), Some("a"));
        assert_eq!(form.labels.get("zone"), Some("eu"));
        let config = json!({
            "hex": 16, "big": u64::MAX, "low": -1000, "half": 0.5,
            "list": [1, "x", { "y": true }], "table": { "z": "" },
        });
        assert_eq!(Value::Object(form.config), config);
    }
}
