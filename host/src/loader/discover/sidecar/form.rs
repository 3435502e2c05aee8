//! What stands in a sidecar, compared with what may stand there.

use serde_json::{Map, Number, Value};
use solti_model::Labels;
use solti_plugin_abi::text::shorten;
use toml::Spanned;
use toml::de::{DeArray, DeInteger, DeString, DeTable, DeValue};

/// The longest text that is quoted, in bytes.
const QUOTED: usize = 80;

/// What a sidecar says.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) enabled: bool,
    pub(super) name: Option<String>,
    pub(super) labels: Labels,
    pub(super) config: Map<String, Value>,
}

/// What is wrong in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Where, in bytes from its start.
    at: usize,
    pub(super) reason: String,
}

impl Fault {
    fn new(at: &Spanned<impl Sized>, reason: String) -> Self {
        let at = at.span().start;
        Self { at, reason }
    }

    /// The line that it is in, from 1.
    pub(super) fn line(&self, text: &str) -> usize {
        let before = text.as_bytes().iter().take(self.at);
        1 + before.filter(|byte| **byte == b'\n').count()
    }
}

/// Reads what a sidecar says.
pub(super) fn parse(text: &str) -> Result<Form, Fault> {
    let table = DeTable::parse(text).map_err(|err| Fault {
        at: err.span().map_or(0, |span| span.start),
        reason: in_plain_words(err.message()),
    })?;
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
                let unknown = shorten(unknown, QUOTED);
                let reason = format!(
                    "unknown field `{unknown}`, expected one of `enabled`, `name`, `labels`, `config`"
                );
                return Err(Fault::new(key, reason));
            }
        }
    }
    Ok(form)
}

/// What the parser says, without the words that only its format has.
fn in_plain_words(message: &str) -> String {
    let message = match message {
        "string values must be quoted, expected literal string" => {
            return "a text has to stand in quotes".to_owned();
        }
        other => other.replace("basic string", "text in quotes"),
    };
    message.replace("literal string", "text in quotes")
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
    let fault = |what: String| Fault::new(value, format!("`{path}`: {what}"));
    Ok(match value.get_ref() {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Integer(integer) => {
            let number = number_of(integer).ok_or_else(|| {
                let number = integer.to_string();
                let number = shorten(&number, QUOTED);
                fault(format!(
                    "{number} is too large for a whole number, expected one from {} to {}",
                    i64::MIN,
                    u64::MAX
                ))
            })?;
            Value::Number(number)
        }
        DeValue::Float(float) => {
            let number = float.as_str().parse().ok().and_then(Number::from_f64);
            let text = shorten(float.as_str(), QUOTED);
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
    format!("{path}.{}", shorten(key.get_ref(), QUOTED))
}

fn unexpected(path: &str, wanted: &str, value: &Spanned<DeValue<'_>>) -> Fault {
    let found = match value.get_ref() {
        DeValue::String(text) => format!("{:?}", shorten(text, QUOTED)),
        DeValue::Integer(integer) => shorten(&integer.to_string(), QUOTED).into_owned(),
        DeValue::Float(float) => shorten(float.as_str(), QUOTED).into_owned(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(_) => "a date or a time".to_owned(),
        DeValue::Array(_) => "an array".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    };
    Fault::new(value, format!("`{path}`: expected {wanted}, found {found}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_wrong_is_told_with_its_line_its_path_and_no_word_of_a_language() {
        for (text, line, reason) in [
            (
                "enabled = \"no\"",
                1,
                "`enabled`: expected true or false, found \"no\"",
            ),
            ("name = hello", 1, "a text has to stand in quotes"),
            (
                "enabled = true\nname = \"hello",
                2,
                "invalid text in quotes, expected `\"`",
            ),
            ("name = 7", 1, "`name`: expected a text in quotes, found 7"),
            (
                "# a comment\nlabels = \"zone\"",
                2,
                "`labels`: expected a table, found \"zone\"",
            ),
            (
                "[labels]\nzone = true",
                2,
                "`labels.zone`: expected a text in quotes, found true",
            ),
            (
                "config = []",
                1,
                "`config`: expected a table, found an array",
            ),
            (
                "[config]\na = 1\nwhen = [{ at = 2026-11-25 }]",
                3,
                "`config.when[0].at`: 2026-11-25 is a date or a time, which a plugin cannot be given: \
                 write it in quotes",
            ),
            (
                "[config]\nmost = 99999999999999999999",
                2,
                "`config.most`: 99999999999999999999 is too large for a whole number, expected one \
                 from -9223372036854775808 to 18446744073709551615",
            ),
            (
                "[config]\nmost = inf",
                2,
                "`config.most`: inf is no number that a plugin can be given",
            ),
            (
                "[config]\nmost = 1e999",
                2,
                "`config.most`: 1e999 is no number that a plugin can be given",
            ),
            (
                "enable = true",
                1,
                "unknown field `enable`, expected one of `enabled`, `name`, `labels`, `config`",
            ),
        ] {
            let fault = parse(text).unwrap_err();
            assert_eq!((fault.line(text), &*fault.reason), (line, reason), "{text}");
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
