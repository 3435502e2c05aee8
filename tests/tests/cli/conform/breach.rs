//! What breaks a rule, and what comes of it.

use super::{Subject, failed, tasks};

/// What breaks a rule: a file, what its tasks do wrong, words of the command line; and what is said of it.
pub(super) struct Breach {
    bytes: Option<Vec<u8>>,
    wrong: &'static [(&'static str, &'static str)],
    words: &'static [&'static str],
    pub(super) failed: &'static [(&'static str, &'static str)],
}

pub(super) fn task(
    wrong: &'static [(&'static str, &'static str)],
    failed: &'static [(&'static str, &'static str)],
) -> Breach {
    Breach {
        bytes: None,
        wrong,
        words: &[],
        failed,
    }
}

pub(super) fn told(
    words: &'static [&'static str],
    failed: &'static [(&'static str, &'static str)],
) -> Breach {
    Breach {
        words,
        ..task(&[], failed)
    }
}

pub(super) fn file(bytes: Vec<u8>, failed: &'static [(&'static str, &'static str)]) -> Breach {
    Breach {
        bytes: Some(bytes),
        ..task(&[], failed)
    }
}

/// What is wrong with what came of a breach.
pub(super) fn fault_of(breach: &Breach) -> Option<String> {
    let subject = match &breach.bytes {
        None => Subject::of("specimen"),
        Some(bytes) => Subject::with(bytes.clone(), "specimen"),
    };
    let tasks = subject.written("tasks.json", tasks(breach.wrong));
    let (report, code) = subject.report(&tasks, breach.words);
    let found = failed(&report);
    let is_expected = found.len() == breach.failed.len()
        && breach.failed.iter().all(|(rule, fact)| {
            let found = found.get(*rule);
            // What is different each time is left out at the end.
            found.is_some_and(|found| match fact.strip_suffix('…') {
                Some(beginning) => found.starts_with(beginning),
                None => found == fact,
            })
        });
    let what = (breach.wrong, breach.words);
    (!is_expected || code != Some(1)).then(|| format!("{what:?}: {code:?} {found:#?}"))
}
