//! Output as services keep it, byte for byte: entries one behind the other.

use bytes::{Buf as _, Bytes, BytesMut};
use thiserror::Error;

/// The bytes before and behind what an entry has in it.
const HEADER: usize = 32;
const TRAILER: usize = 4;

/// The longest that an entry may be.
const MOST: usize = 64 << 20;

/// Bytes that are no output of a task.
#[derive(Debug, Error)]
#[error("the output has another form")]
pub struct NoFrames;

/// What happened in a task.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// It wrote something.
    Data {
        /// In which attempt.
        attempt: u32,
        /// Whether to standard error.
        is_stderr: bool,
        /// When the first byte was written, in milliseconds since 1970.
        time: u64,
        /// What it wrote.
        bytes: Bytes,
        /// Whether the stream ends here.
        is_last: bool,
    },
    /// So many bytes were left out, or are not kept any more.
    Lost {
        /// How many.
        bytes: u64,
    },
    /// An attempt has begun.
    Started {
        /// Its number, from 1.
        attempt: u32,
        /// In milliseconds since 1970.
        time: u64,
    },
    /// An attempt has ended.
    Finished {
        /// Its number.
        attempt: u32,
        /// In milliseconds since 1970.
        time: u64,
        /// The exit code, where it had one.
        exit_code: Option<i32>,
    },
    /// The connection broke; it goes on where it was.
    Interrupted {
        /// Why.
        reason: String,
    },
}

/// What a service sends.
pub(crate) enum Entry {
    Event(Event),
    /// Where the next one stands.
    Position(u64),
    /// Nothing follows.
    End(String),
}

/// Reads output in the form in which services keep it, however it is cut into pieces.
#[derive(Debug, Default)]
pub struct Frames(BytesMut);

impl Frames {
    /// Takes the next piece.
    pub fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// What happened next; none until more has come.
    ///
    /// # Errors
    ///
    /// When the bytes are something else.
    pub fn next_event(&mut self) -> Result<Option<Event>, NoFrames> {
        loop {
            match entry(&mut self.0)? {
                None => return Ok(None),
                Some((Entry::Event(event), _)) => return Ok(Some(event)),
                Some(_) => {}
            }
        }
    }
}

/// The next entry, where it is there whole, and how many bytes it took.
pub(crate) fn entry(buffer: &mut BytesMut) -> Result<Option<(Entry, usize)>, NoFrames> {
    let Some(head) = buffer.get(..HEADER) else {
        return Ok(None);
    };
    let u32_at = |at: usize| u32::from_le_bytes(std::array::from_fn(|i| head[at + i]));
    let time = u64::from_le_bytes(std::array::from_fn(|i| head[24 + i]));
    let (code, flags, attempt) = (head[2], head[3], u32_at(4));
    let length = u32_at(8) as usize;
    if head[..2] != *b"o1" || code > 7 || length > MOST {
        return Err(NoFrames);
    }
    let size = HEADER + length + TRAILER;
    if buffer.len() < size {
        buffer.reserve(size - buffer.len());
        return Ok(None);
    }
    let mut entry = buffer.split_to(size);
    entry.advance(HEADER);
    entry.truncate(length);
    let payload = entry.freeze();
    let number = |bytes: &[u8]| {
        let bytes = bytes.get(..8).and_then(|it| it.try_into().ok());
        bytes.map_or(0, u64::from_le_bytes)
    };
    let event = match code {
        0 | 1 => Event::Data {
            attempt,
            is_stderr: code == 1,
            time,
            bytes: payload,
            is_last: flags & 1 != 0,
        },
        2 | 3 => Event::Lost {
            bytes: number(&payload),
        },
        4 => Event::Started { attempt, time },
        5 => Event::Finished {
            attempt,
            time,
            exit_code: payload
                .get(..4)
                .and_then(|it| it.try_into().ok())
                .map(i32::from_le_bytes),
        },
        6 => return Ok(Some((Entry::Position(number(&payload)), size))),
        _ => {
            let reason = String::from_utf8_lossy(&payload).into_owned();
            return Ok(Some((Entry::End(reason), size)));
        }
    };
    Ok(Some((Entry::Event(event), size)))
}
