#![allow(clippy::unwrap_used, reason = "all of it is tests")]

use super::*;
use crate::output::frame::{self, CUT};
use crate::output::log::Log;

const SEQ: u64 = 7;

/// Numbers that look random, and are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 33) % most
    }
}

/// What a task may write: blocks of two streams in any order, lines over several of them, attempts that end in
/// the middle of a line, losses.
struct Writing {
    dice: Dice,
    attempt: u32,
    lines: [u64; 2],
}

impl Writing {
    fn new(seed: u64) -> Self {
        Self {
            dice: Dice(seed),
            attempt: 1,
            lines: [0; 2],
        }
    }

    fn frames(&mut self, count: usize) -> Vec<u8> {
        let mut frames = Vec::new();
        for _ in 0..count {
            let stream = [Stream::Stdout, Stream::Stderr][self.dice.below(2) as usize];
            match self.dice.below(40) {
                0 => {
                    let kind = Kind::Lost {
                        stream,
                        bytes: 5,
                        lines: 1,
                    };
                    frame::write(&mut frames, kind, 0, self.attempt, (0, 0), 0, &[]);
                }
                1 => {
                    self.attempt += 1;
                    self.lines = [0; 2];
                }
                dice => {
                    let flags = match dice {
                        2 => LAST,
                        3 => CUT,
                        _ => 0,
                    };
                    let payload = self.payload();
                    let ends = payload.iter().filter(|byte| **byte == b'\n').count();
                    let first = self.lines[stream.index()];
                    let of = (ends as u32, first);
                    self.lines[stream.index()] += ends as u64;
                    let kind = Kind::Data(stream);
                    frame::write(&mut frames, kind, flags, self.attempt, of, 0, &payload);
                }
            }
        }
        frames
    }

    fn payload(&mut self) -> Vec<u8> {
        let longest = if self.dice.below(30) == 0 { 20_000 } else { 60 };
        let mut payload = Vec::new();
        for _ in 0..self.dice.below(6) {
            for _ in 0..self.dice.below(longest) {
                payload.push(b'a' + self.dice.below(26) as u8);
            }
            if self.dice.below(4) > 0 {
                payload.push(b'\n');
            }
        }
        payload
    }
}

/// All lines, read from the beginning.
fn all(place: &mut Place, selection: Selection, is_complete: bool) -> Vec<Row> {
    let mut rows = Rows {
        selection,
        number: 0,
        begins_at: 0,
        kept: SHOWN,
        open: Default::default(),
    };
    let mut found = Vec::new();
    (place.position, place.open) = (0, None);
    while let Read::Frames(frames) = place.read().unwrap() {
        for frame in &frames {
            rows.take(frame, &mut |row| found.push(row));
        }
    }
    if is_complete {
        rows.end(&mut |row| found.push(row));
    }
    found
}

#[test]
fn a_line_is_the_same_whichever_number_a_reader_begins_at() {
    let root = tempfile::tempdir().unwrap();
    let mut log = Log::open(root.path().to_owned(), SEQ, 1 << 30).unwrap();
    let mut writing = Writing::new(1);
    let selections = [
        Selection::default(),
        Selection {
            attempt: None,
            stream: Some(Stream::Stderr),
        },
        Selection {
            attempt: Some(3),
            stream: None,
        },
    ];
    let mut indexes = selections.map(|_| Index::default());
    for round in 0..3 {
        log.append(&writing.frames(5_000)).unwrap();
        let is_complete = round == 2;
        for (selection, index) in selections.into_iter().zip(&mut indexes) {
            let mut place = Place::at_the_beginning(root.path().to_owned(), SEQ);
            let expected = all(&mut place, selection, is_complete);
            assert!(expected.len() > 10, "{}", expected.len());
            let mut window = |asked: &Asked| {
                let mut place = Place::at_the_beginning(root.path().to_owned(), SEQ);
                place.window(index, selection, asked, is_complete).unwrap()
            };
            for _ in 0..100 {
                let from = writing.dice.below(expected.len() as u64 + 3) as usize;
                let found = window(&Asked::From(from as u64, 7));
                assert_eq!((found.first, found.total), (0, expected.len() as u64));
                let from = from.min(expected.len());
                let to = (from + 7).min(expected.len());
                assert_eq!(found.rows, expected[from..to]);
            }
            let tail = window(&Asked::Tail(5));
            assert_eq!(tail.rows, expected[expected.len() - 5..]);
        }
    }
}

#[test]
fn a_search_finds_every_line_that_has_the_text_and_says_where_to_go_on() {
    let root = tempfile::tempdir().unwrap();
    let mut log = Log::open(root.path().to_owned(), SEQ, 1 << 30).unwrap();
    log.append(&Writing::new(2).frames(3_000)).unwrap();
    let mut place = Place::at_the_beginning(root.path().to_owned(), SEQ);
    let selection = Selection::default();
    let expected: Vec<_> = all(&mut place, selection, true)
        .into_iter()
        .filter(|row| row.lost.is_none() && memchr::memmem::find(&row.bytes, b"qu").is_some())
        .map(|row| row.number)
        .collect();
    let mut index = Index::default();
    for (text, is_exact, found_any) in
        [("QU", false, true), ("qu", true, true), ("QU", true, false)]
    {
        let mut found = Vec::new();
        let mut from = Some(0);
        while let Some(number) = from {
            let asked = Asked::Search(number, 10, Needle::new(text, is_exact));
            let window = place.window(&mut index, selection, &asked, true).unwrap();
            found.extend(window.rows.iter().map(|row| row.number));
            assert!(window.next.is_none_or(|next| next > number), "{window:?}");
            from = window.next;
        }
        // Of a long line more is searched than shown.
        if found_any {
            assert!(expected.len() > 20);
            assert!(expected.iter().all(|number| found.contains(number)));
        } else {
            assert_eq!(found, [0_u64; 0]);
        }
    }
}

#[test]
fn numbers_stay_as_they_are_when_the_oldest_lines_go() {
    let root = tempfile::tempdir().unwrap();
    let mut log = Log::open(root.path().to_owned(), SEQ, 1 << 20).unwrap();
    let mut index = Index::default();
    let line = |number: u64| format!("{number:099}\n");
    for round in 0..40_u64 {
        let mut frames = Vec::new();
        for block in 0..10 {
            let first = round * 1000 + block * 100;
            let text: String = (first..first + 100).map(line).collect();
            let kind = Kind::Data(Stream::Stdout);
            frame::write(&mut frames, kind, 0, 1, (100, first), 0, text.as_bytes());
        }
        log.append(&frames).unwrap();
        // One that has looked before, and one that has not.
        for index in [&mut index, &mut Index::default()] {
            let mut place = Place::at_the_beginning(root.path().to_owned(), SEQ);
            let mut window = |asked| {
                place
                    .window(index, Selection::default(), &asked, false)
                    .unwrap()
            };
            let all = window(Asked::From(0, 3));
            assert_eq!(all.total, (round + 1) * 1000);
            assert!(all.first == 0 || round >= 10, "{}", all.first);
            assert!(all.first > 0 || round < 15);
            assert_eq!(all.rows[0].number, all.first);
            assert_eq!(all.rows[0].bytes, line(all.first).trim_end().as_bytes());
            let last = window(Asked::Tail(1));
            assert_eq!(
                last.rows[0].bytes,
                line(all.total - 1).trim_end().as_bytes()
            );
        }
    }
}

#[test]
fn a_search_comes_past_a_line_that_is_longer_than_what_is_looked_at_at_once() {
    let root = tempfile::tempdir().unwrap();
    let mut log = Log::open(root.path().to_owned(), SEQ, 1 << 30).unwrap();
    let kind = Kind::Data(Stream::Stdout);
    let mut write = |lines: u32, first: u64, text: &[u8]| {
        let mut frames = Vec::new();
        frame::write(&mut frames, kind, 0, 1, (lines, first), 0, text);
        log.append(&frames).unwrap();
    };
    write(1, 0, b"first\n");
    let part = vec![b'x'; 1 << 20];
    for _ in 0..=LOOKED_AT >> 20 {
        write(0, 1, &part);
    }
    write(2, 1, b"\nneedle\n");
    let mut index = Index::default();
    let mut place = Place::at_the_beginning(root.path().to_owned(), SEQ);
    let mut from = 0;
    for _ in 0..3 {
        let asked = Asked::Search(from, 5, Needle::new("needle", true));
        let found = place
            .window(&mut index, Selection::default(), &asked, true)
            .unwrap();
        if let [row] = &found.rows[..] {
            assert_eq!((row.number, found.next), (2, None));
            return;
        }
        from = found.next.unwrap();
    }
    panic!("it does not come further than {from}");
}
