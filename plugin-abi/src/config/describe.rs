//! The fields of a configuration, for whoever is to set them.

use serde_json::Value;

use super::parsed::{ConfigSchema, Others};

/// A field of a configuration.
#[derive(Debug, Clone, Copy)]
pub struct ConfigField<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Whether it must be given.
    pub required: bool,
    schema: &'a ConfigSchema,
}

impl ConfigSchema {
    /// The fields of a table, in the order of their declaration; none where it is no table.
    pub fn fields(&self) -> impl Iterator<Item = ConfigField<'_>> {
        let fields = self.properties.iter().flat_map(|fields| &fields.0);
        fields.map(|(name, schema)| ConfigField {
            name,
            required: self.required.contains(name),
            schema,
        })
    }

    /// Whether nothing can be set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields().next().is_none()
            && matches!(self.additional_properties, Some(Others::Any(false)))
    }
}

impl<'a> ConfigField<'a> {
    /// What its value may be, in words: `a whole number from 0 to 255`, `missing, always or never`.
    #[must_use]
    pub fn kind(&self) -> String {
        of(self.schema)
    }

    /// What it means; empty where nothing is said of it.
    #[must_use]
    pub fn doc(&self) -> &'a str {
        self.schema.description.as_deref().unwrap_or_default()
    }

    /// What it is where it is left out.
    #[must_use]
    pub fn default(&self) -> Option<&'a Value> {
        self.schema.default.as_ref()
    }

    /// The words that it may be, each with what it means.
    pub fn words(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let schema = self.schema;
        schema.words.iter().enumerate().map(|(index, word)| {
            let doc = schema.enum_descriptions.get(index);
            (word.as_str(), doc.map(String::as_str).unwrap_or_default())
        })
    }

    /// The description of the table that it is; for a list, of the tables in it.
    #[must_use]
    pub fn table(&self) -> Option<&'a ConfigSchema> {
        let is_table = |schema: &&ConfigSchema| schema.properties.is_some();
        let items = self.schema.items.as_deref();
        Some(self.schema)
            .filter(is_table)
            .or_else(|| items.filter(is_table))
    }

    /// Whether it is a list.
    #[must_use]
    pub fn is_list(&self) -> bool {
        self.schema.items.is_some()
    }
}

fn of(schema: &ConfigSchema) -> String {
    match (&schema.items, &schema.additional_properties) {
        (Some(items), _) => format!("a list, each {}", of(items)),
        (None, Some(Others::Such(values))) => format!("a table by name, each {}", of(values)),
        _ => schema.wanted(),
    }
}
