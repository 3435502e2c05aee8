//! Runners that get no task because others stand before them.

use std::fmt;
use std::path::Path;

use solti_model::Labels;

use super::directory::{Accepted, Report};
use super::runner::OfferedRunner;

/// A runner that gets no task: others stand before it that take every task of its kinds, and no selector
/// asks for a label that it has and they have not.
///
/// It prints as a sentence, which says what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shadowed {
    /// The file that it comes from.
    pub file: String,
    /// Its name.
    pub runner: String,
    /// The kinds that it takes.
    pub kinds: Vec<String>,
    /// The files of the runners before it that take these.
    pub by: Vec<String>,
}

impl<T: Accepted> Report<T> {
    /// The runners that get no task as long as the others are there.
    #[must_use]
    pub fn shadowed(&self) -> Vec<Shadowed> {
        let mut before: Vec<(&str, &OfferedRunner)> = Vec::new();
        let mut shadowed = Vec::new();
        for accepted in &self.accepted {
            for runner in accepted.runners() {
                if let Some(by) = taken_by(runner, &before) {
                    shadowed.push(Shadowed {
                        file: accepted.file().to_owned(),
                        runner: runner.name.clone(),
                        kinds: runner.kinds.names().map(str::to_owned).collect(),
                        by,
                    });
                }
                before.push((accepted.file(), runner));
            }
        }
        shadowed
    }
}

/// The files whose runners take every task of all the kinds of `runner`; `None` where some are left.
fn taken_by(runner: &OfferedRunner, before: &[(&str, &OfferedRunner)]) -> Option<Vec<String>> {
    let mut files = Vec::new();
    if runner.kinds.is_any() {
        return None;
    }
    for kind in runner.kinds.names() {
        let (file, _) = before.iter().find(|(_, other)| {
            other.by_kind && other.kinds.contains(kind) && has_all(&other.labels, &runner.labels)
        })?;
        if !files.iter().any(|known| known == file) {
            files.push((*file).to_owned());
        }
    }
    (!files.is_empty()).then_some(files)
}

/// Whether a selector that asks for some of `wanted` is content with `labels`.
fn has_all(labels: &Labels, wanted: &Labels) -> bool {
    let mut wanted = wanted.iter();
    wanted.all(|(key, value)| labels.get(key) == Some(value))
}

impl fmt::Display for Shadowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            runner,
            kinds,
            by,
        } = self;
        let (stands, takes) = match by.len() {
            1 => ("stands", "takes"),
            _ => ("stand", "take"),
        };
        let (kinds, by) = (kinds.join(" and "), by.join(" and "));
        let sidecar = Path::new(file).with_extension("toml");
        write!(
            f,
            "{file}: its runner '{runner}' gets no task: {by} {stands} before it and {takes} all {kinds} \
             tasks; give it a label of its own ([labels] in {}) that a task's runnerSelector asks for, \
             or a file name that comes first",
            sidecar.display()
        )
    }
}

#[cfg(test)]
mod tests {
    use solti_plugin_abi::Kinds;

    use super::*;

    fn runner(kinds: &str, by_kind: bool, labels: &[(&str, &str)]) -> OfferedRunner {
        let mut of_it = Labels::new();
        for (key, value) in labels {
            of_it.insert(*key, *value);
        }
        OfferedRunner {
            name: "r".to_owned(),
            kinds: Kinds::parse(kinds),
            labels: of_it,
            by_kind,
        }
    }

    #[test]
    fn a_runner_is_shadowed_where_no_task_can_get_past_those_before_it() {
        let eu = [("zone", "eu")];
        let first = [
            ("a.so", &runner("subprocess", true, &[])),
            ("b.so", &runner("wasm", true, &eu)),
            ("c.so", &runner("container", false, &[])),
        ];
        let by = |runner: OfferedRunner| taken_by(&runner, &first).map(|by| by.join(","));
        assert_eq!(
            by(runner("subprocess", false, &[])).as_deref(),
            Some("a.so")
        );
        assert_eq!(by(runner("wasm", true, &[])).as_deref(), Some("b.so"));
        assert_eq!(by(runner("wasm", true, &eu)).as_deref(), Some("b.so"));
        let both = runner("subprocess,wasm", true, &[]);
        assert_eq!(by(both).as_deref(), Some("a.so,b.so"));
        // A selector finds it, another kind is left for it, those before it may say no, or it is there for
        // whatever is left.
        assert_eq!(by(runner("subprocess", true, &eu)), None);
        assert_eq!(by(runner("subprocess,gpu", true, &[])), None);
        assert_eq!(by(runner("container", true, &[])), None);
        assert_eq!(by(runner("any", true, &[])), None);
    }

    #[test]
    fn what_is_said_of_it_names_who_stands_before_it_and_what_to_do() {
        let shadowed = Shadowed {
            file: "b.so".to_owned(),
            runner: "subprocess".to_owned(),
            kinds: vec!["subprocess".to_owned()],
            by: vec!["a.so".to_owned()],
        };
        assert_eq!(
            shadowed.to_string(),
            "b.so: its runner 'subprocess' gets no task: a.so stands before it and takes all subprocess \
             tasks; give it a label of its own ([labels] in b.toml) that a task's runnerSelector asks \
             for, or a file name that comes first"
        );
    }
}
