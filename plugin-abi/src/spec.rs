//! The spec of a task, read into a type of the author's.

use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;

use crate::context::BuildContext;
use crate::error::RunnerError;
use crate::typed;
use crate::workload::Workload;

/// What is wrong with the spec of a task, and where.
///
/// It becomes the error of a build by `?`, or by [`refusal`](Self::refusal), which tells programs the
/// field as well.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field}: {what}")]
pub struct WrongSpec {
    field: String,
    what: String,
}

impl WrongSpec {
    /// That the field with this path, as whoever wrote the task calls it, is wrong in this way.
    #[must_use]
    pub fn new(field: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            what: what.into(),
        }
    }

    /// The path of the field.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// What is wrong with it.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// As the error of a build, whose details have the path as `field`.
    #[must_use]
    pub fn refusal(self, ctx: &BuildContext) -> RunnerError {
        ctx.add_error_detail("field", self.field.as_str());
        self.into()
    }
}

impl From<WrongSpec> for RunnerError {
    fn from(wrong: WrongSpec) -> Self {
        Self::InvalidSpec(wrong.to_string())
    }
}

/// Reads a part of a task into a type: what stands in an argument of a command, say. `place` makes of the
/// path of a field in it (`list[2].name`, empty for the whole) the path in the task.
///
/// For the spec of a workload there is [`Workload::read_spec`].
///
/// # Errors
///
/// What is wrong with a field, in the words that a wrong configuration is told in.
///
/// # Examples
///
/// ```
/// use serde::Deserialize;
/// use serde_json::json;
/// use solti_plugin_abi::read_spec_at;
///
/// #[derive(Debug, Deserialize)]
/// struct Options {
///     tries: u32,
/// }
///
/// let of_args = |field: &str| format!("kind.subprocess.mode.command.args[1].{field}");
/// let wrong = read_spec_at::<Options>(&json!({ "tries": "two" }), of_args).unwrap_err();
/// assert_eq!(
///     wrong.to_string(),
///     "kind.subprocess.mode.command.args[1].tries: expected a whole number from 0 to 4294967295, \
///      found \"two\""
/// );
/// ```
pub fn read_spec_at<T: DeserializeOwned>(
    part: &Value,
    place: impl FnOnce(&str) -> String,
) -> Result<T, WrongSpec> {
    // As JSON calls it.
    typed::read(part, "an object").map_err(|wrong| {
        let path = wrong.path.strip_prefix('.').unwrap_or(&wrong.path);
        WrongSpec::new(place(path), wrong.said)
    })
}

impl Workload {
    /// Reads the spec into a type.
    ///
    /// # Errors
    ///
    /// What is wrong with a field, in the words that a wrong configuration is told in: its path, what was
    /// expected and what was found.
    ///
    /// # Examples
    ///
    /// ```
    /// use serde::Deserialize;
    /// use serde_json::json;
    /// use solti_plugin_abi::prelude::*;
    ///
    /// #[derive(Debug, Deserialize)]
    /// #[serde(deny_unknown_fields, rename_all = "camelCase")]
    /// struct Greeting {
    ///     names: Vec<String>,
    /// }
    ///
    /// // In `Runner::build_workload`, where `?` makes a `RunnerError` of it:
    /// fn names(task: &Workload) -> Result<Vec<String>, RunnerError> {
    ///     let greeting: Greeting = task.read_spec()?;
    ///     Ok(greeting.names)
    /// }
    ///
    /// let task = |spec| Workload::new("hi", "example.com/v1/Greeting", 5000, spec);
    /// assert_eq!(names(&task(json!({ "names": ["Ada"] }))).unwrap(), ["Ada"]);
    /// assert_eq!(
    ///     names(&task(json!({ "names": ["Ada", 7] }))).unwrap_err().to_string(),
    ///     "invalid specification: spec.names[1]: expected text, found 7"
    /// );
    /// assert_eq!(
    ///     names(&task(json!({ "name": "Ada" }))).unwrap_err().to_string(),
    ///     "invalid specification: spec.name: unknown field, expected names"
    /// );
    /// ```
    pub fn read_spec<T: DeserializeOwned>(&self) -> Result<T, WrongSpec> {
        read_spec_at(&self.spec, |field| match field {
            "" => "spec".to_owned(),
            field if field.starts_with('[') => format!("spec{field}"),
            field => format!("spec.{field}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Check {
        url: String,
        #[serde(default)]
        tls: Option<Tls>,
    }

    #[derive(Debug, Deserialize)]
    struct Tls {
        #[expect(dead_code, reason = "only read")]
        key: String,
    }

    fn task(spec: Value) -> Workload {
        Workload::new("slot", "kind", 1, spec)
    }

    #[test]
    fn a_wrong_spec_is_told_in_the_words_of_json_with_the_path_in_the_task() {
        let wrong = |spec| task(spec).read_spec::<Check>().unwrap_err().to_string();
        for (spec, said) in [
            (json!({}), "spec.url: missing, and it has no default"),
            (json!(null), "spec: expected an object, found null"),
            (json!([{}]), "spec[0]: expected text, found an object"),
            (
                json!({ "url": {} }),
                "spec.url: expected text, found an object",
            ),
            (
                json!({ "url": "u", "tls": 1 }),
                "spec.tls: expected an object, found 1",
            ),
            (
                json!({ "url": "u", "tls": {} }),
                "spec.tls.key: missing, and it has no default",
            ),
            (
                json!({ "url": "u", "ur": 1 }),
                "spec.ur: unknown field, expected url or tls",
            ),
        ] {
            assert_eq!(wrong(spec.clone()), said, "{spec}");
        }
        let list = task(json!([1, "a"])).read_spec::<Vec<String>>();
        assert_eq!(
            list.unwrap_err().to_string(),
            "spec[0]: expected text, found 1"
        );
        let read: Check = task(json!({ "url": "u" })).read_spec().unwrap();
        assert_eq!((read.url.as_str(), read.tls.is_none()), ("u", true));
    }

    #[test]
    fn a_refusal_tells_programs_the_field() {
        let ctx = BuildContext::default();
        let wrong = WrongSpec::new("spec.url", "is empty");
        assert_eq!((wrong.field(), wrong.what()), ("spec.url", "is empty"));
        let refusal = wrong.refusal(&ctx);
        assert_eq!(
            refusal.to_string(),
            "invalid specification: spec.url: is empty"
        );
    }
}
