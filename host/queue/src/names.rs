//! Subjects and keys.

use crate::error::QueueError;

pub(crate) const TASKS: &str = "SOLTI_TASKS";
pub(crate) const OUTPUT: &str = "SOLTI_OUTPUT";
pub(crate) const DEAD: &str = "SOLTI_DEAD";
pub(crate) const STATE: &str = "SOLTI_STATE";
pub(crate) const NEEDS: &str = "SOLTI_NEEDS";
pub(crate) const HOSTS: &str = "SOLTI_HOSTS";

/// The key of the settings, which is no token of a need.
pub(crate) const SETTINGS: &str = "settings";

/// The headers of a block of output: where its first byte stands, of its delivery.
pub(crate) const POSITION: &str = "Solti-Position";
/// Of a dead letter: why, what it needs, and how often it was delivered.
pub(crate) const REASON: &str = "Solti-Reason";
pub(crate) const NEED: &str = "Solti-Need";
pub(crate) const DELIVERIES: &str = "Solti-Deliveries";

/// The longest name of a task.
const MOST: usize = 200;

/// Whether a task of a queue can be called so: its name is a part of subjects.
pub(crate) fn check(name: &str) -> Result<(), QueueError> {
    let wrong = |reason| {
        Err(QueueError::Name {
            name: name.to_owned(),
            reason,
        })
    };
    if name.is_empty() || name.len() > MOST {
        return wrong("it is empty, or longer than 200 bytes");
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !name.chars().all(fits) {
        return wrong("it has something else than letters, digits, '-', '_' and '.'");
    }
    if name.starts_with('.') || name.ends_with('.') || name.contains("..") {
        return wrong("a '.' stands at its beginning or end, or two in a row");
    }
    Ok(())
}

pub(crate) fn task(need: &str, name: &str) -> String {
    format!("solti.task.{need}.{name}")
}

/// The subjects of all tasks of a need.
pub(crate) fn of_need(need: &str) -> String {
    format!("solti.task.{need}.>")
}

/// What a task needs, and its name.
pub(crate) fn read_task(subject: &str) -> Option<(&str, &str)> {
    subject.strip_prefix("solti.task.")?.split_once('.')
}

pub(crate) fn output(name: &str, delivery: u64) -> String {
    format!("solti.output.{name}.{delivery}")
}

/// The subject of what all deliveries of a task have written.
pub(crate) fn all_output(name: &str) -> String {
    format!("solti.output.{name}.*")
}

pub(crate) fn dead(name: &str) -> String {
    format!("solti.dead.{name}")
}

/// A key of the bucket of states.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Key {
    Task,
    Run,
    Result,
    Cancel,
    Dead,
}

impl Key {
    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::Task => "task.",
            Self::Run => "run.",
            Self::Result => "result.",
            Self::Cancel => "cancel.",
            Self::Dead => "dead.",
        }
    }

    pub(crate) fn of(self, name: &str) -> String {
        format!("{}{name}", self.prefix())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_dots_stays_one_and_what_would_be_a_wildcard_is_refused() {
        let subject = task("subprocess-1f", "night.2026-01");
        assert_eq!(
            read_task(&subject),
            Some(("subprocess-1f", "night.2026-01"))
        );
        for name in ["", ".a", "a.", "a..b", "a*", "a.>", "a b", "\u{e4}"] {
            assert!(check(name).is_err(), "{name}");
        }
        assert!(check("night.2026-01_x").is_ok());
    }
}
