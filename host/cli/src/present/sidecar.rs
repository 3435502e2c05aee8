//! A sidecar for a plugin, with everything commented out.

use std::fmt::Write as _;

use serde_json::Value;
use solti_plugin_host::config::{ConfigField, ConfigSchema};
use solti_plugin_host::stamp::Stamp;

/// How long a line of a comment may be, in characters.
const WIDTH: usize = 96;

/// A sidecar for the plugin of this stamp, in which everything is commented out.
pub(crate) fn of(stamp: &Stamp) -> String {
    let mut text = format!(
        "\
# What can be set for the plugin {} {}. Take the # from the beginning of a line to set it.

# false leaves the plugin alone.
#enabled = true

# Another name, so that the plugin can be there twice.
#name = {}

# What the runnerSelector of a task can ask for.
#[labels]
",
        stamp.plugin,
        stamp.version,
        literal(&Value::from(stamp.plugin.as_str())),
    );
    let labels = stamp.runners.iter().flat_map(|runner| runner.labels.iter());
    let labels: std::collections::BTreeMap<_, _> = labels.collect();
    for (key, value) in labels {
        let (key, value) = (key.to_string(), value.to_string());
        let _ = writeln!(
            text,
            "#{} = {}",
            literal(&key.into()),
            literal(&value.into())
        );
    }
    match &stamp.config {
        None => text.push_str(
            "\n# The plugin does not say what can be set: see its documentation.\n#[config]\n",
        ),
        Some(schema) if schema.is_empty() => text.push_str("\n# The plugin takes no [config].\n"),
        Some(schema) => table(&mut text, "config", schema, false),
    }
    text
}

/// A table with its fields, and the tables in it behind them.
fn table(text: &mut String, path: &str, schema: &ConfigSchema, is_list: bool) {
    let heading = match (path, is_list) {
        // It may stand there, whatever of it is set.
        ("config", _) => "[config]".to_owned(),
        (path, false) => format!("#[{path}]"),
        (path, true) => format!("#[[{path}]]"),
    };
    let _ = writeln!(text, "\n{heading}");
    let is_table = |field: &ConfigField<'_>| field.table().is_some();
    let mut is_first = true;
    for field in schema.fields().filter(|field| !is_table(field)) {
        if !std::mem::take(&mut is_first) {
            text.push('\n');
        }
        setting(text, &field);
    }
    for field in schema.fields().filter(is_table) {
        let below = field.table().expect("only those that are one are left");
        if !field.doc().is_empty() {
            text.push('\n');
            comment(text, field.doc());
            // Its heading stands right below.
            let mut own = String::new();
            table(
                &mut own,
                &format!("{path}.{}", key(field.name)),
                below,
                field.is_list(),
            );
            text.push_str(own.trim_start_matches('\n'));
        } else {
            table(
                text,
                &format!("{path}.{}", key(field.name)),
                below,
                field.is_list(),
            );
        }
    }
}

fn setting(text: &mut String, field: &ConfigField<'_>) {
    if !field.doc().is_empty() {
        comment(text, field.doc());
    }
    for (word, meaning) in field.words().filter(|(_, meaning)| !meaning.is_empty()) {
        comment(text, &format!("{word}: {meaning}"));
    }
    let what = if field.required { "Required" } else { "Value" };
    comment(text, &format!("{what}: {}.", field.kind()));
    let value = field.default().map_or_else(|| example(field), literal);
    let _ = writeln!(text, "#{} = {value}", key(field.name));
}

/// A comment in lines that a person reads.
fn comment(text: &mut String, said: &str) {
    let mut line = String::from("#");
    for word in said.split(' ') {
        if line.chars().count() + word.chars().count() >= WIDTH && line.len() > 1 {
            let _ = writeln!(text, "{line}");
            line.truncate(1);
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(text, "{line}");
}

/// A value where there is no default, of the right type.
fn example(field: &ConfigField<'_>) -> String {
    let kind = field.kind();
    if let Some((word, _)) = field.words().next() {
        return literal(&word.into());
    }
    match kind.as_str() {
        "true or false" => "false",
        "a number" => "1.0",
        kind if kind.starts_with("a whole number") => "1",
        kind if kind.starts_with("a list") => "[]",
        kind if kind.starts_with("a table") => "{}",
        _ => "\"\"",
    }
    .to_owned()
}

/// A key, in quotes where it needs them.
fn key(name: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !name.is_empty() && name.bytes().all(is_bare) {
        name.to_owned()
    } else {
        literal(&name.into())
    }
}

/// A value as TOML has it: like JSON, but for tables.
fn literal(value: &Value) -> String {
    match value {
        Value::Array(values) => {
            let values: Vec<_> = values.iter().map(literal).collect();
            format!("[{}]", values.join(", "))
        }
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(name, value)| format!("{} = {}", key(name), literal(value)));
            let fields: Vec<_> = fields.collect();
            match fields.is_empty() {
                true => "{}".to_owned(),
                false => format!("{{ {} }}", fields.join(", ")),
            }
        }
        other => other.to_string(),
    }
}
