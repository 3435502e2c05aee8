//! What the script on the other machine says, in the middle of what the command writes.
//!
//! Standard error has both, and the messages of `ssh` as well, which exits with 255 for a failure of its
//! own as a command may. What comes before the mark of the beginning is ssh's; a command whose end has a
//! mark has ended by itself, whatever ssh makes of it.

use std::hash::{BuildHasher as _, RandomState};

use memchr::{memchr, memmem};

/// What follows the mark where the command begins, and signals reach all that it starts.
pub(crate) const BEGUN: char = '+';
/// The same where its shell leads no process group.
pub(crate) const ALONE: char = '=';
/// What stands between the mark and an exit code.
pub(crate) const ENDED: char = '-';

/// The most that follows a mark, its line end included.
const MOST_BEHIND: usize = 8;

/// What was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// The command begins.
    Begun {
        /// Whether its shell leads a process group, so that all of it can be ended.
        leads: bool,
    },
    /// It has ended with this code.
    Ended(i32),
}

/// A word that no command writes by accident. One that means to could only lie about itself.
pub(crate) fn new_mark() -> String {
    let random = RandomState::new();
    format!(
        "solti-{:016x}{:016x}",
        random.hash_one(0),
        random.hash_one(1)
    )
}

/// Takes marks out of a stream.
#[derive(Debug)]
pub(crate) struct Marks {
    mark: Vec<u8>,
    /// What may be the beginning of one.
    held: Vec<u8>,
}

impl Marks {
    pub(crate) fn new(mark: &str) -> Self {
        Self {
            mark: mark.as_bytes().to_vec(),
            held: Vec::new(),
        }
    }

    /// Takes the next bytes; `text` is given what is no mark, `said` what a mark says, in their order.
    pub(crate) fn feed(
        &mut self,
        bytes: &[u8],
        mut text: impl FnMut(&[u8]),
        mut said: impl FnMut(Said),
    ) {
        self.held.extend_from_slice(bytes);
        let mut rest = &*self.held;
        while let Some(at) = memmem::find(rest, &self.mark) {
            let behind = &rest[at + self.mark.len()..];
            let line = &behind[..behind.len().min(MOST_BEHIND)];
            match memchr(b'\n', line) {
                None if line.len() < MOST_BEHIND => {
                    text(&rest[..at]);
                    self.held = rest[at..].to_vec();
                    return;
                }
                end => {
                    let read = end.and_then(|end| read(&line[..end]).zip(Some(end + 1)));
                    let (before, length) = match read {
                        Some((_, length)) => (at, length),
                        None => (at + self.mark.len(), 0),
                    };
                    text(&rest[..before]);
                    if let Some((what, _)) = read {
                        said(what);
                    }
                    rest = &behind[length..];
                }
            }
        }
        let kept = beginning(rest, &self.mark);
        text(&rest[..rest.len() - kept]);
        self.held = rest[rest.len() - kept..].to_vec();
    }

    /// What was held back when the stream ends.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }
}

/// How many bytes at the end of `text` are the beginning of `mark`.
fn beginning(text: &[u8], mark: &[u8]) -> usize {
    let most = text.len().min(mark.len() - 1);
    (1..=most)
        .rev()
        .find(|length| text.ends_with(&mark[..*length]))
        .unwrap_or(0)
}

fn read(line: &[u8]) -> Option<Said> {
    let line = std::str::from_utf8(line).ok()?;
    if let Some(code) = line.strip_prefix(ENDED) {
        return code.parse().ok().map(Said::Ended);
    }
    let mut letters = line.chars();
    let begun = match letters.next()? {
        BEGUN => Said::Begun { leads: true },
        ALONE => Said::Begun { leads: false },
        _ => return None,
    };
    letters.next().is_none().then_some(begun)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(stream: &str, piece: usize) -> (String, Vec<Said>) {
        let (mut text, mut said) = (Vec::new(), Vec::new());
        let mut marks = Marks::new("abc");
        for bytes in stream.as_bytes().chunks(piece) {
            marks.feed(bytes, |it| text.extend_from_slice(it), |it| said.push(it));
        }
        text.extend(marks.finish());
        (String::from_utf8(text).unwrap(), said)
    }

    #[test]
    fn marks_are_found_wherever_a_read_ends_and_nothing_else_is_lost() {
        let stream = "ab abc+\naab\nababc-255\nabc=\nthe aabc? abc-x\nabc-12345678901\nabc-1";
        for piece in 1..stream.len() {
            let (text, said) = heard(stream, piece);
            let left = "ab aab\nabthe aabc? abc-x\nabc-12345678901\nabc-1";
            assert_eq!(text, left, "{piece}");
            assert_eq!(
                said,
                [
                    Said::Begun { leads: true },
                    Said::Ended(255),
                    Said::Begun { leads: false }
                ],
                "{piece}"
            );
        }
    }

    #[test]
    fn no_two_attempts_have_the_same_mark() {
        let (one, other) = (new_mark(), new_mark());
        assert_ne!(one, other);
        assert_eq!(one.len(), 38);
    }
}
