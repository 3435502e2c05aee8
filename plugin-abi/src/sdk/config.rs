//! The operator's configuration as a type of the author's.

use serde::de::DeserializeOwned;

/// Reads a configuration, naming the field of what is wrong.
pub(super) fn parse<C: DeserializeOwned>(json: &str) -> Result<C, String> {
    let mut reader = serde_json::Deserializer::from_str(json);
    serde_path_to_error::deserialize(&mut reader).map_err(|err| {
        let path = err.path().to_string();
        // The position is one in the JSON that the host made of the sidecar: of no use to anyone.
        let reason = err.into_inner().to_string();
        let reason = reason.split(" at line ").next().unwrap_or_default();
        if path == "." {
            format!("config: {reason}")
        } else {
            format!("config.{path}: {reason}")
        }
    })
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
            "config.limits.memory: invalid type: string \"much\", expected u64"
        );
        assert_eq!(message("{}"), "config: missing field `limits`");
        assert_eq!(
            message(r#"{"limits":{"memory":1},"colour":1}"#),
            "config.colour: unknown field `colour`, expected `limits`"
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
