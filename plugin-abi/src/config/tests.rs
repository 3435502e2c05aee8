#![allow(clippy::unwrap_used, reason = "all of it is tests")]

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::*;
use crate::PluginConfig;

/// What an operator may set.
#[derive(Debug, PluginConfig)]
struct Config {
    /// The address
    /// of the "server".
    server: String,
    /// How often it is tried.
    #[config(default = 1 + 2)]
    tries: u8,
    #[config(default = 30)]
    limit: NonZeroU32,
    /// Where it is.
    path: Option<PathBuf>,
    #[config(default = [8080, 9090])]
    ports: Vec<u16>,
    #[config(default)]
    by_name: BTreeMap<String, i64>,
    #[config(default = "try_on")]
    otherwise: Otherwise,
    #[config(default = -0.5, name = "factor")]
    ratio: f64,
    #[config(default)]
    limits: Limits,
    #[config(default)]
    shares: Vec<Share>,
    #[config(default = "5s", like = String)]
    wait: Wait,
    #[config(default = true)]
    on: bool,
}

#[derive(Debug, PluginConfig, PartialEq, Clone, Copy)]
enum Otherwise {
    /// The task fails.
    Fail,
    TryOn,
}

#[derive(Debug, PluginConfig, PartialEq)]
struct Limits {
    #[config(default = u64::MAX)]
    memory: u64,
    letter: Option<char>,
}

#[derive(Debug, PluginConfig)]
#[expect(dead_code, reason = "only read")]
struct Share {
    path: PathBuf,
    #[config(default)]
    writable: bool,
}

#[derive(Debug, serde::Deserialize)]
#[serde(from = "String")]
struct Wait(String);

impl From<String> for Wait {
    fn from(text: String) -> Self {
        Self(text)
    }
}

fn schema() -> ConfigSchema {
    ConfigSchema::parse(&json_of(true)).unwrap()
}

fn json_of(with_docs: bool) -> String {
    let mut bytes = vec![0; 1 << 16];
    let mut out = crate::const_text::Writer::new(&mut bytes);
    write(&mut out, &Config::SCHEMA, with_docs);
    let len = out.len();
    bytes.truncate(len);
    String::from_utf8(bytes).unwrap()
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

#[test]
fn what_is_described_is_json_schema_with_all_that_an_operator_asks_for() {
    assert_eq!(json_of(true), json(&Config::SCHEMA));
    let described: Value = serde_json::from_str(&json_of(true)).unwrap();
    assert_eq!(
        described["properties"]["server"],
        json!({"type": "string", "description": "The address of the \"server\"."})
    );
    assert_eq!(
        described["properties"]["tries"],
        json!({"type": "integer", "minimum": 0, "maximum": 255, "default": 3,
               "description": "How often it is tried."})
    );
    assert_eq!(
        described["properties"]["ports"]["default"],
        json!([8080, 9090])
    );
    assert_eq!(described["properties"]["factor"]["default"], json!(-0.5));
    assert_eq!(
        described["properties"]["otherwise"],
        json!({"enum": ["fail", "try_on"], "enumDescriptions": ["The task fails.", ""],
               "default": "try_on"})
    );
    assert_eq!(
        described["properties"]["limits"]["properties"]["memory"]["default"],
        json!(u64::MAX)
    );
    assert_eq!(described["required"], json!(["server"]));
    assert_eq!(described["additionalProperties"], json!(false));
    assert!(!json_of(false).contains("escription"), "{}", json_of(false));
}

#[test]
fn a_configuration_is_read_with_the_defaults_that_are_described() {
    let config: Config = serde_json::from_value(json!({"server": "db"})).unwrap();
    assert_eq!(config.server, "db");
    assert_eq!((config.tries, config.limit.get(), config.on), (3, 30, true));
    assert_eq!((config.path, config.ports), (None, vec![8080, 9090]));
    assert!(config.by_name.is_empty() && config.shares.is_empty());
    assert_eq!(config.otherwise, Otherwise::TryOn);
    assert_eq!((config.ratio, &*config.wait.0), (-0.5, "5s"));
    assert_eq!(config.limits, Limits::default());
    assert_eq!(
        Limits::default(),
        Limits {
            memory: u64::MAX,
            letter: None
        }
    );
}

/// What the host says before the plugin runs is what the plugin says, to the letter.
#[test]
fn host_and_plugin_refuse_the_same_in_the_same_words() {
    let schema = schema();
    let with = |fields: Value| {
        let mut all = object(json!({"server": "db"}));
        all.extend(object(fields));
        all
    };
    let cases = [
        (
            json!({"tries": 256}),
            "config.tries: expected a whole number from 0 to 255, found 256",
        ),
        (
            json!({"tries": 2.0}),
            "config.tries: expected a whole number from 0 to 255, found 2.0",
        ),
        (
            json!({"tries": "x"}),
            "config.tries: expected a whole number from 0 to 255, found \"x\"",
        ),
        (
            json!({"limit": 0}),
            "config.limit: expected a whole number from 1 to 4294967295, found 0",
        ),
        (
            json!({"limits": {"memory": -1}}),
            "config.limits.memory: expected a whole number of 0 or more, found -1",
        ),
        (
            json!({"limits": {"letter": "ab"}}),
            "config.limits.letter: expected a single character, found \"ab\"",
        ),
        (
            json!({"limits": {"disk": 1}}),
            "config.limits.disk: unknown field, expected memory or letter",
        ),
        (
            json!({"limits": 7}),
            "config.limits: expected a table, found 7",
        ),
        (json!({"path": 7}), "config.path: expected a path, found 7"),
        (
            json!({"server": ["a"]}),
            "config.server: expected text, found an array",
        ),
        (
            json!({"ports": 80}),
            "config.ports: expected an array, found 80",
        ),
        (
            json!({"ports": [80, 70000]}),
            "config.ports[1]: expected a whole number from 0 to 65535, found 70000",
        ),
        (
            json!({"by_name": {"a": "b"}}),
            "config.by_name.a: expected a whole number from -9223372036854775808 to \
             9223372036854775807, found \"b\"",
        ),
        (
            json!({"otherwise": "never"}),
            "config.otherwise: expected fail or try_on, found \"never\"",
        ),
        (
            json!({"otherwise": 1}),
            "config.otherwise: expected fail or try_on, found 1",
        ),
        (
            json!({"factor": "x"}),
            "config.factor: expected a number, found \"x\"",
        ),
        (
            json!({"on": "yes"}),
            "config.on: expected true or false, found \"yes\"",
        ),
        (
            json!({"shares": [{"writable": true}]}),
            "config.shares[0].path: missing, and it has no default",
        ),
        (
            json!({"shares": [1]}),
            "config.shares[0]: expected a table, found 1",
        ),
    ];
    for (fields, said) in cases {
        let config = with(fields);
        let of_plugin =
            crate::sdk::parse_config::<Config>(&Value::Object(config.clone()).to_string());
        assert_eq!(of_plugin.unwrap_err(), said);
        assert_eq!(schema.check(&config), Err(said.to_owned()));
    }
    let missing = "config.server: missing, and it has no default";
    assert_eq!(
        crate::sdk::parse_config::<Config>("{}").unwrap_err(),
        missing
    );
    assert_eq!(schema.check(&Map::new()), Err(missing.to_owned()));
    let all = with(json!({
        "tries": 1, "limit": 1, "path": "/srv", "ports": [], "by_name": {"a": -1}, "otherwise": "fail",
        "factor": 2, "limits": {"memory": 0, "letter": "ä"}, "shares": [{"path": "/"}], "wait": "1m",
        "on": false,
    }));
    assert_eq!(schema.check(&all), Ok(()));
    crate::sdk::parse_config::<Config>(&Value::Object(all).to_string()).unwrap();
}

#[test]
fn fields_are_told_of_in_their_order() {
    let schema = schema();
    let fields: Vec<_> = schema
        .fields()
        .map(|field| (field.name, field.kind()))
        .collect();
    assert_eq!(fields[0], ("server", "text".to_owned()));
    assert_eq!(
        fields[4],
        (
            "ports",
            "a list, each a whole number from 0 to 65535".to_owned()
        )
    );
    assert_eq!(fields[6], ("otherwise", "fail or try_on".to_owned()));
    let server = schema.fields().next().unwrap();
    assert!(server.required && server.default().is_none());
    assert_eq!(server.doc(), "The address of the \"server\".");
    assert!(!schema.is_empty());
    assert!(
        ConfigSchema::parse(&json(&Schema::Table(&[])))
            .unwrap()
            .is_empty()
    );
}

#[test]
fn what_a_later_version_may_say_is_left_to_the_plugin() {
    let later =
        r#"{"type":"object","properties":{"a":{"type":"duration","unit":"ms"},"b":{}},"x":[1]}"#;
    let schema = ConfigSchema::parse(later).unwrap();
    let config = object(json!({"a": "5s", "b": [1], "c": null}));
    assert_eq!(schema.check(&config), Ok(()));
}

#[test]
fn a_schema_that_is_none_is_refused() {
    let wrong = |json| ConfigSchema::parse(json).unwrap_err();
    assert_eq!(
        wrong(r#"{"type":"string"}"#),
        "it is of the type \"string\", expected \"object\""
    );
    assert_eq!(wrong("{}"), "it has no type, expected \"object\"");
    assert!(
        wrong("{").starts_with("EOF while parsing"),
        "{}",
        wrong("{")
    );
    let deep = format!(
        "{}{}",
        r#"{"type":"object","items":"#.repeat(500),
        "}".repeat(500)
    );
    assert!(
        wrong(&deep).starts_with("recursion limit exceeded"),
        "{}",
        wrong(&deep)
    );
}
