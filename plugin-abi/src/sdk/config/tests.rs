//! What an operator is told of a configuration that cannot be read.

use std::collections::BTreeMap;
use std::num::{NonZeroI8, NonZeroU16, NonZeroU64};
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, de};
use serde_json::json;

use super::*;

#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields, default)]
struct Config {
    byte: u8,
    port: Option<NonZeroU16>,
    workers: u64,
    size: usize,
    ids: Option<NonZeroU64>,
    shift: i32,
    step: Option<NonZeroI8>,
    ratio: f64,
    on: bool,
    name: String,
    path: PathBuf,
    letter: Option<char>,
    list: Vec<String>,
    pair: (u8, u8),
    three: [u8; 3],
    point: Option<Point>,
    by_name: BTreeMap<String, Limits>,
    by_port: BTreeMap<u16, bool>,
    pull: Pull,
    shape: Option<Shape>,
    tagged: Option<Tagged>,
    either: Option<Either>,
    code: Option<Code>,
    #[serde(alias = "old")]
    new: u8,
    limits: Option<Limits>,
    wrapped: Wrapped,
}

#[derive(Deserialize, Debug)]
#[expect(dead_code, reason = "only read")]
struct Limits {
    memory: u64,
}

#[derive(Deserialize, Debug)]
#[expect(dead_code, reason = "only read")]
struct Point(u8, u8);

#[derive(Deserialize, Debug, Default)]
#[expect(dead_code, reason = "only read")]
struct Wrapped(u8);

#[derive(Deserialize, Debug, Default)]
#[serde(rename_all = "lowercase")]
enum Pull {
    #[default]
    Missing,
    Always,
    Never,
}

#[derive(Deserialize, Debug)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "only read")]
enum Shape {
    Round,
    Square { side: u8 },
}

#[derive(Deserialize, Debug)]
#[serde(tag = "type", rename_all = "lowercase")]
#[expect(dead_code, reason = "only read")]
enum Tagged {
    Tcp { port: u16 },
    Unix { path: PathBuf },
}

#[derive(Deserialize, Debug)]
#[serde(untagged)]
#[expect(dead_code, reason = "only read")]
enum Either {
    Number(u8),
    Text(String),
}

/// A type whose author says himself what is wrong.
#[derive(Debug)]
struct Code;

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        match &*text {
            "long" => Err(de::Error::invalid_length(
                text.len(),
                &"a code of 3 letters",
            )),
            "odd" => Err(de::Error::invalid_value(
                de::Unexpected::Other("an odd code"),
                &"an even one",
            )),
            _ => Err(de::Error::custom(format!(
                "invalid type: {text}, expected u64"
            ))),
        }
    }
}

#[track_caller]
fn refused(config: serde_json::Value) -> String {
    parse::<Config>(&config.to_string()).unwrap_err()
}

#[test]
fn what_is_wrong_is_said_in_words_of_whoever_has_written_it() {
    let wrong: Vec<_> = [
        // Whole numbers, of each size.
        (
            json!({ "workers": "x" }),
            "config.workers: expected a whole number of 0 or more, found \"x\"",
        ),
        (
            json!({ "size": -1 }),
            "config.size: expected a whole number of 0 or more, found -1",
        ),
        (
            json!({ "workers": 1.5 }),
            "config.workers: expected a whole number of 0 or more, found 1.5",
        ),
        (
            json!({ "workers": 2.0 }),
            "config.workers: expected a whole number of 0 or more, found 2.0",
        ),
        (
            json!({ "byte": 256 }),
            "config.byte: expected a whole number from 0 to 255, found 256",
        ),
        (
            json!({ "port": 0 }),
            "config.port: expected a whole number from 1 to 65535, found 0",
        ),
        (
            json!({ "ids": 0 }),
            "config.ids: expected a whole number of 1 or more, found 0",
        ),
        (
            json!({ "shift": 3_000_000_000_u32 }),
            "config.shift: expected a whole number from -2147483648 to 2147483647, found 3000000000",
        ),
        (
            json!({ "step": 0 }),
            "config.step: expected a whole number from -128 to 127, but not 0, found 0",
        ),
        // Other values.
        (
            json!({ "ratio": "half" }),
            "config.ratio: expected a number, found \"half\"",
        ),
        (
            json!({ "on": "yes" }),
            "config.on: expected true or false, found \"yes\"",
        ),
        (
            json!({ "on": 1 }),
            "config.on: expected true or false, found 1",
        ),
        (
            json!({ "name": true }),
            "config.name: expected text, found true",
        ),
        (
            json!({ "name": null }),
            "config.name: expected text, found null",
        ),
        (
            json!({ "path": ["/srv"] }),
            "config.path: expected a path, found an array",
        ),
        (
            json!({ "letter": "ab" }),
            "config.letter: expected a single character, found \"ab\"",
        ),
        (
            json!({ "list": "a" }),
            "config.list: expected an array, found \"a\"",
        ),
        (
            json!({ "list": ["a", 7] }),
            "config.list[1]: expected text, found 7",
        ),
        (
            json!({ "by_name": [] }),
            "config.by_name: expected a table, found an array",
        ),
        (
            json!({ "limits": "1G" }),
            "config.limits: expected a table, found \"1G\"",
        ),
        (
            json!({ "by_name": { "eu": { "memory": "much" } } }),
            "config.by_name.eu.memory: expected a whole number of 0 or more, found \"much\"",
        ),
        (
            json!({ "by_port": { "http": true } }),
            "config.by_port.http: expected a whole number from 0 to 65535, found \"http\"",
        ),
        (
            json!({ "wrapped": {} }),
            "config.wrapped: expected a whole number from 0 to 255, found a table",
        ),
        // A number of values.
        (
            json!({ "pair": [1] }),
            "config.pair: expected an array of 2 values, found one of 1",
        ),
        (
            json!({ "pair": [1, 2, 3] }),
            "config.pair: expected an array of 2 values, found one of 3",
        ),
        (
            json!({ "three": [] }),
            "config.three: expected an array of 3 values, found one of 0",
        ),
        (
            json!({ "three": 3 }),
            "config.three: expected an array of 3 values, found 3",
        ),
        (
            json!({ "point": [1] }),
            "config.point: expected an array of 2 values, found one of 1",
        ),
        (
            json!({ "point": "1,2" }),
            "config.point: expected an array, found \"1,2\"",
        ),
        // Words.
        (
            json!({ "pull": "sometimes" }),
            "config.pull: expected missing, always or never, found \"sometimes\"",
        ),
        (
            json!({ "pull": true }),
            "config.pull: expected missing, always or never, found true",
        ),
        (
            json!({ "pull": {} }),
            "config.pull: expected missing, always or never, found a table",
        ),
        (
            json!({ "shape": "square" }),
            "config.shape.square: expected a table, found the word alone",
        ),
        (
            json!({ "shape": { "square": {} } }),
            "config.shape.square.side: missing, and it has no default",
        ),
        (
            json!({ "shape": { "flat": 1 } }),
            "config.shape: expected round or square, found \"flat\"",
        ),
        (
            json!({ "tagged": { "type": "udp" } }),
            "config.tagged.type: expected tcp or unix, found \"udp\"",
        ),
        (
            json!({ "tagged": { "port": 1 } }),
            "config.tagged.type: missing, and it has no default",
        ),
        (
            json!({ "tagged": 7 }),
            "config.tagged: expected a table, found 7",
        ),
        (
            json!({ "either": [] }),
            "config.either: has none of the forms that the plugin takes",
        ),
        // Fields.
        (
            json!({ "limits": {} }),
            "config.limits.memory: missing, and it has no default",
        ),
        (
            json!({ "new": 1, "old": 2 }),
            "config.new: given twice, under two names",
        ),
    ]
    .into_iter()
    .map(|(config, said)| (refused(config), said))
    .filter(|(found, said)| found != said)
    .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(
        parse::<BTreeMap<String, u8>>("[]").unwrap_err(),
        "config: expected a table, found an array"
    );
}

#[test]
fn a_field_that_nobody_knows_is_named_with_those_that_there_are() {
    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct One {
        #[serde(default)]
        limit: u8,
    }
    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct None {}
    assert_eq!(
        parse::<One>(r#"{"limits":1}"#).unwrap_err(),
        "config.limits: unknown field, expected limit"
    );
    assert_eq!(
        parse::<None>(r#"{"limits":1}"#).unwrap_err(),
        "config.limits: unknown field, expected none"
    );
    let said = refused(json!({ "worker": 1 }));
    assert!(
        said.starts_with("config.worker: unknown field, expected byte, port, workers, size, ids,")
            && said.ends_with(", new, old, limits or wrapped"),
        "{said}"
    );
}

#[test]
fn what_an_author_says_himself_is_left_as_it_is() {
    for (code, said) in [
        ("x", "config.code: invalid type: x, expected u64"),
        (
            "long",
            "config.code: expected a code of 3 letters, found a length of 4",
        ),
        (
            "odd",
            "config.code: expected an even one, found an odd code",
        ),
    ] {
        assert_eq!(refused(json!({ "code": code })), said);
    }
}

#[test]
fn a_message_does_not_grow_with_what_it_is_about() {
    let long = "x".repeat(1 << 20);
    let said = refused(json!({ "workers": long }));
    assert!(said.len() < 150, "{}", said.len());
    let said = refused(json!({ &long: 1 }));
    assert!(said.len() < 500, "{}", said.len());
    let said = refused(json!({ "by_name": { &long: { "memory": "a\nb" } } }));
    assert!(
        said.ends_with("found \"a\\nb\"") && said.len() < 200,
        "{said}"
    );
}

#[test]
fn what_is_right_is_read_as_it_stands_there() {
    let config = json!({
        "byte": 255, "port": 80, "workers": u64::MAX, "ids": 1, "shift": -5, "step": -1, "ratio": 2,
        "on": true, "name": "n", "path": "/srv", "letter": "ä", "list": ["a"], "pair": [1, 2],
        "three": [1, 2, 3], "point": [1, 2], "by_name": { "eu": { "memory": 1 } },
        "by_port": { "80": true }, "pull": "never", "shape": { "square": { "side": 2 } },
        "tagged": { "type": "tcp", "port": 1 }, "either": "text", "old": 3, "wrapped": 4,
        "limits": null,
    });
    let read: Config = parse(&config.to_string()).unwrap();
    let read = format!("{read:?}");
    for part in [
        "byte: 255, port: Some(80), workers: 18446744073709551615,",
        "ids: Some(1), shift: -5, step: Some(-1), ratio: 2.0, on: true, name: \"n\", path: \"/srv\"",
        "letter: Some('ä'), list: [\"a\"], pair: (1, 2), three: [1, 2, 3], point: Some(Point(1, 2))",
        "by_name: {\"eu\": Limits { memory: 1 }}, by_port: {80: true}, pull: Never",
        "shape: Some(Square { side: 2 }), tagged: Some(Tcp { port: 1 }), either: Some(Text(\"text\"))",
        "new: 3, limits: None, wrapped: Wrapped(4)",
    ] {
        assert!(read.contains(part), "{part}\n{read}");
    }
}

#[test]
fn a_field_for_a_runner_without_configuration_is_refused() {
    assert_eq!(expect_none("{}"), Ok(()));
    assert_eq!(
        expect_none(r#"{"shell":"sh"}"#),
        Err("config.shell: this plugin takes no configuration".to_owned())
    );
}
