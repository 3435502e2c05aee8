//! The body of an answer: its lines, its length, the text in it.

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use memchr::memmem::Finder;
use solti_plugin_abi::LineWriter;

use crate::fault::Fault;
use crate::progress::Progress;

/// What becomes of a body.
pub(crate) struct Reading {
    /// Where its lines go, where they are wanted.
    pub(crate) lines: Option<LineWriter>,
    /// What it has to contain.
    pub(crate) text: Option<Text>,
    /// How many bytes are read.
    pub(crate) limit: u64,
}

/// Why a body was not read to its end.
pub(crate) enum Unread {
    /// It is too long.
    TooLong(u64),
    /// The connection ended.
    Broken(hyper::Error),
}

impl Reading {
    /// Reads a body, no faster than the host takes it, and keeps no more of it than it has to.
    pub(crate) async fn read(
        &mut self,
        mut body: Incoming,
        progress: &mut Progress,
    ) -> Result<(), Unread> {
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(Unread::Broken)?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            let room = self.limit - progress.body_bytes;
            let taken = usize::try_from(room).map_or(data.len(), |room| room.min(data.len()));
            progress.body_bytes += taken as u64;
            let part = &data[..taken];
            if let Some(text) = &mut self.text {
                text.look_in(part);
            }
            if let Some(lines) = &mut self.lines
                && lines.write(part).is_wait()
            {
                lines.sink().ready().await;
            }
            if taken < data.len() {
                return Err(Unread::TooLong(self.limit));
            }
        }
        Ok(())
    }
}

impl Unread {
    /// In the terms of an attempt.
    pub(crate) fn fault(self, broken: impl FnOnce(&hyper::Error) -> Fault) -> Fault {
        match self {
            Self::TooLong(limit) => Fault::TooLong { limit },
            Self::Broken(err) => broken(&err),
        }
    }
}

/// A text that is looked for in bytes that come in parts.
pub(crate) struct Text {
    finder: Finder<'static>,
    /// The end of what has come, which may be the beginning of the text.
    end: Vec<u8>,
    pub(crate) is_found: bool,
}

impl Text {
    /// Looks for `text`, which is not empty.
    pub(crate) fn new(text: &str) -> Self {
        Self {
            finder: Finder::new(text).into_owned(),
            end: Vec::new(),
            is_found: false,
        }
    }

    fn look_in(&mut self, part: &[u8]) {
        if self.is_found {
            return;
        }
        let keep = self.finder.needle().len() - 1;
        self.end.extend_from_slice(&part[..keep.min(part.len())]);
        self.is_found = self.finder.find(&self.end).is_some() || self.finder.find(part).is_some();
        if part.len() >= keep {
            self.end.clear();
            self.end.extend_from_slice(&part[part.len() - keep..]);
        } else {
            let surplus = self.end.len().saturating_sub(keep);
            self.end.drain(..surplus);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_wherever_its_parts_are_cut() {
        let whole = "a needl needle e";
        for first in 0..whole.len() {
            for second in first..whole.len() {
                let mut text = Text::new("needle");
                for part in [&whole[..first], &whole[first..second], &whole[second..]] {
                    text.look_in(part.as_bytes());
                }
                assert!(text.is_found, "{first} {second}");
            }
        }
        let mut text = Text::new("needle");
        for letter in "need le needl".bytes() {
            text.look_in(&[letter]);
        }
        assert!(!text.is_found);
        let mut one = Text::new("n");
        one.look_in(b"");
        one.look_in(b"xn");
        assert!(one.is_found);
    }
}
