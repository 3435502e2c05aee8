//! What can be set for a plugin, as rows.

use std::fmt;

use solti_plugin_host::config::{ConfigField, ConfigSchema};

/// A field of a configuration, wherever in it.
#[derive(Debug)]
pub(crate) struct Setting {
    /// The field and those above it: `limits.memory`, `directories[].host`.
    pub(crate) path: String,
    /// What its value may be.
    pub(crate) kind: String,
    /// Its default; `required` where it has none and must be given.
    pub(crate) default: String,
    /// What it means, and what each word means that it may be.
    pub(crate) doc: String,
}

/// All fields, those of a table below it.
pub(crate) fn all(schema: &ConfigSchema) -> Vec<Setting> {
    let mut settings = Vec::new();
    add(schema, "", &mut settings);
    settings
}

fn add(schema: &ConfigSchema, above: &str, settings: &mut Vec<Setting>) {
    for field in schema.fields() {
        let path = format!("{above}{}", field.name);
        settings.push(Setting {
            kind: field.kind(),
            default: default_of(&field),
            doc: doc_of(&field),
            path: path.clone(),
        });
        if let Some(table) = field.table() {
            let list = if field.is_list() { "[]" } else { "" };
            add(table, &format!("{path}{list}."), settings);
        }
    }
}

fn default_of(field: &ConfigField<'_>) -> String {
    match (field.default(), field.required) {
        (Some(default), _) => default.to_string(),
        (None, true) => "required".to_owned(),
        (None, false) => String::new(),
    }
}

fn doc_of(field: &ConfigField<'_>) -> String {
    let mut doc = field.doc().to_owned();
    for (word, meaning) in field.words().filter(|(_, meaning)| !meaning.is_empty()) {
        if !doc.is_empty() {
            doc.push(' ');
        }
        doc.push_str(&format!("{word}: {meaning}"));
    }
    doc
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            kind,
            default,
            doc,
        } = self;
        write!(f, "{path}: {kind}")?;
        match default.as_str() {
            "" => {}
            "required" => f.write_str(", required")?,
            default => write!(f, ", {default} by default")?,
        }
        if !doc.is_empty() {
            write!(f, ". {doc}")?;
        }
        Ok(())
    }
}
