//! Reports as JSON.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use solti_plugin_abi::text::escape_bytes;

use super::directory::{Accepted, Report};
use super::rejected::Rejected;
use crate::loader::measure::Measurements;
use crate::loader::refusal::OptionNames;
use crate::loader::skip::Skipped;
use crate::loader::stage::Stage;

impl<T: Accepted> Serialize for Report<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let skipped: Vec<_> = self
            .skipped
            .iter()
            .map(|skipped| SkippedForm::of(skipped, self.names))
            .collect();
        let mut form = serializer.serialize_struct("Report", 4)?;
        form.serialize_field(T::OUTCOME, &self.accepted)?;
        form.serialize_field("rejected", &self.rejected)?;
        form.serialize_field("skipped", &skipped)?;
        form.serialize_field("warnings", &self.warnings())?;
        form.end()
    }
}

/// A path as text.
pub(super) fn path<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&escape_bytes(path.as_os_str().as_bytes()))
}

/// A file that was left alone; without `advice` where nothing is to be done.
#[derive(Serialize)]
struct SkippedForm<'a> {
    file: &'a str,
    #[serde(serialize_with = "path")]
    path: &'a Path,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

impl<'a> SkippedForm<'a> {
    fn of(skipped: &'a Skipped, names: OptionNames) -> Self {
        let Skipped { file, path, reason } = skipped;
        Self {
            file,
            path,
            reason: reason.sentence(names),
            advice: reason.advice().map(|advice| advice.named(names)),
        }
    }
}

impl Serialize for Rejected {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// The fields of the object.
        #[derive(Serialize)]
        struct Form<'a> {
            file: &'a str,
            #[serde(serialize_with = "path")]
            path: &'a Path,
            stage: Stage,
            code: &'static str,
            reason: String,
            advice: String,
            #[serde(flatten)]
            measurements: &'a Measurements,
        }
        Form {
            file: &self.file,
            path: &self.path,
            stage: self.error.stage(),
            code: self.error.code(),
            reason: self.reason(),
            advice: self.advice(),
            measurements: &self.measurements,
        }
        .serialize(serializer)
    }
}
