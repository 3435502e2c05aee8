//! Where the output of a task is to begin: at its beginning, at a time, or with its last lines.

use std::collections::VecDeque;

use anyhow::anyhow;
use solti_plugin_client::Event;
use solti_plugin_service::moment;

/// Where the output is to begin.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Begin {
    /// With all that is kept.
    #[default]
    All,
    /// With what was written at this time, in milliseconds since 1970.
    At(u64),
    /// With so many of the last lines.
    Last(u64),
}

impl Begin {
    /// What the options say.
    pub(super) fn of(tail: Option<u64>, since: Option<&str>) -> anyhow::Result<Self> {
        match (tail, since) {
            (Some(lines), _) => Ok(Self::Last(lines)),
            (None, Some(text)) => moment(text).map(Self::At).ok_or_else(|| {
                anyhow!(
                    "--since: is {text:?}, expected a time such as 2026-01-31T12:00:00Z, or how long ago, such \
                     as 5m"
                )
            }),
            (None, None) => Ok(Self::All),
        }
    }

    /// Whether what happened then is told.
    pub(super) fn takes(self, event: &Event) -> bool {
        match (self, event) {
            (Self::At(begin), Event::Data { time, .. }) => *time >= begin,
            _ => true,
        }
    }
}

/// Keeps what may be of the last lines, and nothing before.
pub(super) struct Tail {
    lines: u64,
    events: VecDeque<(Event, u64)>,
    /// Ends of lines in all of them.
    ends: u64,
}

impl Tail {
    pub(super) fn of(lines: u64) -> Self {
        Self {
            lines,
            events: VecDeque::new(),
            ends: 0,
        }
    }

    pub(super) fn push(&mut self, event: Event) {
        let ends = match &event {
            Event::Data { bytes, .. } => ends_in(bytes),
            _ => 0,
        };
        self.ends += ends;
        self.events.push_back((event, ends));
        // One more is kept: the last line may have no end.
        while let Some((_, first)) = self.events.front()
            && self.ends - first > self.lines
        {
            self.ends -= first;
            self.events.pop_front();
        }
    }

    /// What is of the last lines.
    pub(super) fn take(mut self) -> impl Iterator<Item = Event> {
        let ends_whole = self.events.iter().rev().find_map(|(event, _)| match event {
            Event::Data { bytes, .. } => bytes.last().map(|last| *last == b'\n'),
            _ => None,
        });
        let lines = self.ends + u64::from(ends_whole == Some(false));
        let mut skipped = lines.saturating_sub(self.lines);
        for (event, ends) in &mut self.events {
            let Event::Data { bytes, .. } = event else {
                continue;
            };
            if skipped == 0 {
                break;
            }
            let cut = if skipped > *ends {
                // The rest of its last line is skipped, too.
                bytes.len()
            } else {
                behind_line(bytes, skipped)
            };
            *bytes = bytes.slice(cut..);
            skipped = skipped.saturating_sub(*ends);
        }
        self.events.into_iter().map(|(event, _)| event)
    }
}

fn ends_in(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// Where the line behind so many begins.
fn behind_line(bytes: &[u8], number: u64) -> usize {
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let nth = usize::try_from(number - 1).unwrap_or(usize::MAX);
    ends.map(|(at, _)| at + 1).nth(nth).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(text: &'static str) -> Event {
        Event::Data {
            attempt: 1,
            is_stderr: false,
            time: 0,
            bytes: text.as_bytes().into(),
            is_last: false,
        }
    }

    /// What is left of these pieces, and how many of them were kept.
    fn left(lines: u64, pieces: &[&'static str]) -> (String, usize) {
        let mut tail = Tail::of(lines);
        for piece in pieces {
            tail.push(data(piece));
        }
        let kept = tail.events.len();
        let text = tail.take().map(|event| match event {
            Event::Data { bytes, .. } => String::from_utf8(bytes.to_vec()).expect("it is text"),
            _ => String::new(),
        });
        (text.collect(), kept)
    }

    #[test]
    fn the_last_lines_are_those_that_tail_prints_however_they_came() {
        let cut: [&[&str]; 6] = [
            &["a\nb\nc\n"],
            &["a\n", "b\n", "c\n"],
            &["a", "\nb", "\nc\n"],
            &["a\nb", "\nc\n"],
            &["a\nb\nc", "\n"],
            &["a\n", "b", "\n", "c", "\n"],
        ];
        for pieces in cut {
            for (lines, expected) in [
                (0, ""),
                (1, "c\n"),
                (2, "b\nc\n"),
                (3, "a\nb\nc\n"),
                (9, "a\nb\nc\n"),
            ] {
                assert_eq!(left(lines, pieces).0, expected, "{lines} of {pieces:?}");
            }
        }
        // The last line has no end.
        for pieces in [&["a\nb\nc"][..], &["a\n", "b\nc"], &["a\nb", "\n", "c"]] {
            for (lines, expected) in [(0, ""), (1, "c"), (2, "b\nc"), (3, "a\nb\nc")] {
                assert_eq!(left(lines, pieces).0, expected, "{lines} of {pieces:?}");
            }
        }
    }

    #[test]
    fn what_is_before_the_last_lines_is_not_kept() {
        let many = ["x\n"; 10_000];
        assert!(left(3, &many).1 <= 5);
    }

    #[test]
    fn a_time_is_a_point_or_so_long_ago_and_nothing_else() {
        assert_eq!(moment("1970-01-01T00:00:01Z"), Some(1000));
        assert!(moment("5m").is_some_and(|it| it > 1_700_000_000_000));
        let error = Begin::of(None, Some("yesterday"))
            .map(drop)
            .map_err(|err| err.to_string());
        assert_eq!(
            error,
            Err("--since: is \"yesterday\", expected a time such as 2026-01-31T12:00:00Z, or how long ago, such as 5m".to_owned())
        );
    }
}
