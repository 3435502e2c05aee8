//! The operator's configuration as a type of the author's.

use serde::de::DeserializeOwned;

/// Reads a configuration, naming the field of what is wrong.
pub(super) fn parse<C: DeserializeOwned>(json: &str) -> Result<C, String> {
    let mut reader = serde_json::Deserializer::from_str(json);
    serde_path_to_error::deserialize(&mut reader).map_err(|err| {
        let path = err.path().to_string();
        // The position is one in the JSON that the host made of the sidecar: of no use to anyone.
        let reason = err.into_inner().to_string();
        let reason = plain(without_position(&reason));
        if path == "." {
            format!("config: {reason}")
        } else {
            format!("config.{path}: {reason}")
        }
    })
}

/// A message of serde_json's without the ` at line 1 column 2` at its end.
fn without_position(reason: &str) -> &str {
    let is_number = |text: &str| text.parse::<usize>().is_ok();
    match reason.rsplit_once(" at line ") {
        Some((message, position))
            if position
                .split_once(" column ")
                .is_some_and(|(line, column)| is_number(line) && is_number(column)) =>
        {
            message
        }
        _ => reason,
    }
}

/// A message of serde's without the words of a programming language: what an operator writes are whole
/// numbers, arrays and tables.
fn plain(reason: &str) -> String {
    let (found, expected) = reason.rsplit_once(", expected ").unwrap_or((reason, ""));
    let found = match found {
        "invalid type: map" => "invalid type: table",
        "invalid type: sequence" => "invalid type: array",
        found => found,
    };
    let found = found.replacen("unknown variant `", "unknown word `", 1);
    let expected = match expected {
        "" => return found,
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a sequence" => "an array",
        "a map" => "a table",
        expected if expected.starts_with("a nonzero u") => "a whole number, 1 or more",
        expected if expected.starts_with("struct ") => "a table",
        expected => expected,
    };
    format!("{found}, expected {expected}")
}

/// Checks that there is no configuration, for a runner that takes none.
pub(super) fn expect_none(json: &str) -> Result<(), String> {
    let fields: serde_json::Map<String, serde_json::Value> = parse(json)?;
    match fields.keys().next() {
        None => Ok(()),
        Some(field) => Err(format!(
            "config.{field}: this plugin takes no configuration"
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read through Debug")]
    struct Config {
        limits: Limits,
    }

    #[derive(Deserialize, Debug)]
    #[expect(dead_code, reason = "only read through Debug")]
    struct Limits {
        memory: u64,
    }

    #[test]
    fn a_wrong_configuration_names_the_field() {
        let message = |json| parse::<Config>(json).unwrap_err();
        assert_eq!(
            message(r#"{"limits":{"memory":"much"}}"#),
            "config.limits.memory: invalid type: string \"much\", expected a whole number, 0 or more"
        );
        assert_eq!(message("{}"), "config: missing field `limits`");
        assert_eq!(
            message(r#"{"limits":{"memory":1},"colour":1}"#),
            "config.colour: unknown field `colour`, expected `limits`"
        );
    }

    #[test]
    fn the_place_of_a_wrong_value_is_found_inside_of_lists_and_maps() {
        type Shells = std::collections::BTreeMap<String, Vec<Limits>>;
        let message = |json| parse::<Shells>(json).unwrap_err();
        assert_eq!(
            message(r#"{"bash":[{"memory":1},{"memory":-1}]}"#),
            "config.bash[1].memory: invalid value: integer `-1`, expected a whole number, 0 or more"
        );
        assert_eq!(
            message(r#"{"bash":{}}"#),
            "config.bash: invalid type: table, expected an array"
        );
        assert_eq!(
            message("[]"),
            "config: invalid type: array, expected a table"
        );
    }

    #[test]
    fn a_message_that_speaks_of_lines_itself_is_not_cut() {
        assert_eq!(
            parse::<Config>(r#"{"limits":{"memory":"look at line 3"}}"#).unwrap_err(),
            "config.limits.memory: invalid type: string \"look at line 3\", expected a whole number, 0 or more"
        );
        assert_eq!(without_position("look at line 3"), "look at line 3");
        assert_eq!(
            without_position("look at line 3 at line 1 column 20"),
            "look at line 3"
        );
    }

    #[test]
    fn a_field_for_a_runner_without_configuration_is_refused() {
        assert_eq!(expect_none("{}"), Ok(()));
        assert_eq!(
            expect_none(r#"{"shell":"sh"}"#),
            Err("config.shell: this plugin takes no configuration".to_owned())
        );
    }
}
