//! Kinds of plugins and the workload types of the published line.

use solti_model_published::{WORKLOAD_API_VERSION, WorkloadTypeMeta};
use solti_plugin_host::Kinds;

/// The three kinds of the model, and what they are called there.
const OF_MODEL: [(&str, &str); 3] = [
    ("subprocess", "Subprocess"),
    ("wasm", "Wasm"),
    ("container", "Container"),
];

/// The workload types of the kinds of a runner, and the kinds that are none.
pub(crate) fn types_of(kinds: &Kinds) -> (Vec<WorkloadTypeMeta>, Vec<String>) {
    let kinds = if kinds.is_any() {
        &Kinds::OF_MODEL
    } else {
        kinds
    };
    let mut types = Vec::new();
    let mut others = Vec::new();
    for kind in kinds.names() {
        match type_of(kind) {
            Some(meta) => types.push(meta),
            None => others.push(kind.to_owned()),
        }
    }
    (types, others)
}

/// The workload types of the kinds of a runner, as version and kind, as far as the published line has names
/// for them.
#[must_use]
pub fn workload_types(kinds: &Kinds) -> Vec<(String, String)> {
    pairs(types_of(kinds).0)
}

/// Each as version and kind.
pub(crate) fn pairs(types: Vec<WorkloadTypeMeta>) -> Vec<(String, String)> {
    let pair = |it: WorkloadTypeMeta| (it.api_version().to_owned(), it.kind().to_owned());
    types.into_iter().map(pair).collect()
}

/// The workload type of a kind: one of the model, or `group/version/Kind`.
fn type_of(kind: &str) -> Option<WorkloadTypeMeta> {
    let of_model = OF_MODEL.iter().find(|(ours, _)| *ours == kind);
    let (version, kind) = match of_model {
        Some((_, theirs)) => (WORKLOAD_API_VERSION, *theirs),
        None => kind.rsplit_once('/')?,
    };
    WorkloadTypeMeta::new(version, kind).ok()
}

/// The kind, as plugins declare it, of a workload that is none of the model.
pub(crate) fn kind_of(api_version: &str, kind: &str) -> String {
    format!("{api_version}/{kind}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "all of it is tests")]

    use super::*;

    #[test]
    fn a_kind_that_the_published_line_cannot_name_is_told_and_not_lost() {
        let kinds = Kinds::named(["subprocess", "example.com/v1/Greeting", "gpu", "a/b"]);
        let (types, others) = types_of(&kinds);
        let types: Vec<_> = types
            .iter()
            .map(|meta| kind_of(meta.api_version(), meta.kind()))
            .collect();
        assert_eq!(types, ["solti.io/v1/Subprocess", "example.com/v1/Greeting"]);
        assert_eq!(others, ["gpu", "a/b"]);
    }

    #[test]
    fn a_runner_of_any_kind_takes_the_three_of_the_model() {
        let (types, others) = types_of(&Kinds::ANY);
        assert_eq!(types.len(), 3);
        assert!(others.is_empty());
    }
}
