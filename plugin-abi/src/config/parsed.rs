//! A description that was read: of a stamp, or of what a plugin says when it is asked.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// What a plugin's configuration may be: the part of JSON Schema that `export_plugin!` writes.
///
/// Keywords that it does not know are left out, and a value of an unknown type may be anything.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct ConfigSchema {
    /// The type of a value, by JSON Schema's name.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) of: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) default: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) minimum: Option<i128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) maximum: Option<i128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) min_length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_length: Option<u64>,
    #[serde(rename = "enum", skip_serializing_if = "Vec::is_empty")]
    pub(super) words: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) enum_descriptions: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) items: Option<Box<Self>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) properties: Option<Properties>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) required: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) additional_properties: Option<Others>,
}

/// What fields a table may have beside those that are named.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Others {
    Any(bool),
    Such(Box<ConfigSchema>),
}

// By hand: what serde makes of an untagged enum has no room for the range of a u64 and an i64.
impl<'de> Deserialize<'de> for Others {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Others;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false or a schema")
            }

            fn visit_bool<E>(self, any: bool) -> Result<Others, E> {
                Ok(Others::Any(any))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Others, A::Error> {
                let such = ConfigSchema::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Others::Such(Box::new(such)))
            }
        }

        from.deserialize_any(Either)
    }
}

/// The fields of a table, in the order of their declaration.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Properties(pub(super) Vec<(String, ConfigSchema)>);

impl Serialize for Properties {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (name, schema) in &self.0 {
            map.serialize_entry(name, schema)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Properties {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Properties;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Properties, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Properties(fields))
            }
        }

        from.deserialize_map(InOrder)
    }
}

impl ConfigSchema {
    /// Reads a description.
    ///
    /// # Errors
    ///
    /// What is wrong with it, where it is none of a table.
    pub fn parse(json: &str) -> Result<Self, String> {
        let schema: Self = serde_json::from_str(json).map_err(|err| err.to_string())?;
        match schema.of.as_deref() {
            Some("object") => Ok(schema),
            Some(other) => Err(format!("it is of the type {other:?}, expected \"object\"")),
            None => Err("it has no type, expected \"object\"".to_owned()),
        }
    }
}
