//! One entry of a log, as bytes.
//!
//! ```text
//! "o1" kind flags │ attempt │ length │ lines │ first line │ time │ payload … │ size
//!   2    1    1   │    4    │   4    │   4   │     8      │  8   │  length   │  4
//! ```
//!
//! Numbers are little-endian. The size of the whole frame stands at its end, so that a log can be read
//! backwards, too.

use bytes::Bytes;

const MAGIC: [u8; 2] = *b"o1";

/// The bytes before the payload.
pub(crate) const HEADER: usize = 32;

/// The bytes behind it.
pub(crate) const TRAILER: usize = 4;

/// The longest payload: a tap's blocks are far shorter.
const MOST: u32 = 64 << 20;

/// The writer has ended the stream with this block.
pub(crate) const LAST: u8 = 1;
/// Bytes of the last line were left out by who pushed it.
pub(crate) const CUT: u8 = 2;

/// A stream of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

impl Stream {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }

    /// The stream of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Stdout, Self::Stderr]
            .into_iter()
            .find(|stream| stream.as_str() == name)
    }

    /// 0 or 1.
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

/// What a frame tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Bytes.
    Data(Stream),
    /// So many bytes and lines were left out.
    Lost {
        stream: Stream,
        bytes: u64,
        lines: u64,
    },
    /// An attempt has begun.
    Started,
    /// An attempt has ended.
    Finished { exit_code: Option<i32> },
}

/// An entry of a log.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// Where it begins.
    pub(crate) offset: u64,
    pub(crate) kind: Kind,
    pub(crate) flags: u8,
    pub(crate) attempt: u32,
    /// The number of the first line that ends in it.
    pub(crate) first_line: u64,
    pub(crate) time: u64,
    /// What it has in it: of [`Kind::Data`] what was written.
    pub(crate) payload: Bytes,
}

/// The head of a frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    code: u8,
    flags: u8,
    attempt: u32,
    length: u32,
    pub(crate) lines: u32,
    pub(crate) first_line: u64,
    pub(crate) time: u64,
}

impl Head {
    /// Reads one; `None` where there is none.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; HEADER] = bytes.get(..HEADER)?.try_into().ok()?;
        let u32_at = |at: usize| u32::from_le_bytes(std::array::from_fn(|i| bytes[at + i]));
        let u64_at = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| bytes[at + i]));
        let head = Self {
            code: bytes[2],
            flags: bytes[3],
            attempt: u32_at(4),
            length: u32_at(8),
            lines: u32_at(12),
            first_line: u64_at(16),
            time: u64_at(24),
        };
        (bytes[..2] == MAGIC && head.code <= 5 && head.length <= MOST).then_some(head)
    }

    /// The bytes of the whole frame.
    pub(crate) fn size(&self) -> usize {
        HEADER + self.length as usize + TRAILER
    }

    /// The bytes of its payload.
    pub(crate) fn length(&self) -> u64 {
        self.length.into()
    }

    /// Its flags.
    pub(crate) fn flags(&self) -> u8 {
        self.flags
    }

    /// The stream of which something was left out here.
    pub(crate) fn lost(&self) -> Option<Stream> {
        match self.code {
            2 => Some(Stream::Stdout),
            3 => Some(Stream::Stderr),
            _ => None,
        }
    }

    /// Which attempt it is of.
    pub(crate) fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Whether it tells of the end of an attempt.
    pub(crate) fn is_end(&self) -> bool {
        self.code == 5
    }

    /// Whether it tells of the beginning of one.
    pub(crate) fn is_start(&self) -> bool {
        self.code == 4
    }

    /// The stream whose bytes it has.
    pub(crate) fn data(&self) -> Option<Stream> {
        match self.code {
            0 => Some(Stream::Stdout),
            1 => Some(Stream::Stderr),
            _ => None,
        }
    }
}

impl Frame {
    /// How many bytes it takes in its log.
    pub(crate) fn size(&self) -> u64 {
        (HEADER + self.payload.len() + TRAILER) as u64
    }

    /// Reads the frame at the beginning of `bytes`, which is at `offset` of its log; `None` where there is
    /// no whole one.
    pub(crate) fn read(offset: u64, bytes: &Bytes) -> Option<(Self, usize)> {
        let head = Head::read(bytes)?;
        let size = head.size();
        if bytes.len() < size {
            return None;
        }
        let payload = bytes.slice(HEADER..size - TRAILER);
        let number = |at: usize| -> u64 {
            let bytes = payload.get(at..at + 8).and_then(|it| it.try_into().ok());
            bytes.map_or(0, u64::from_le_bytes)
        };
        let lost = |stream| Kind::Lost {
            stream,
            bytes: number(0),
            lines: number(8),
        };
        let kind = match head.code {
            0 => Kind::Data(Stream::Stdout),
            1 => Kind::Data(Stream::Stderr),
            2 => lost(Stream::Stdout),
            3 => lost(Stream::Stderr),
            4 => Kind::Started,
            _ => Kind::Finished {
                exit_code: payload
                    .get(..4)
                    .and_then(|it| it.try_into().ok())
                    .map(i32::from_le_bytes),
            },
        };
        let frame = Self {
            offset,
            kind,
            flags: head.flags,
            attempt: head.attempt,
            first_line: head.first_line,
            time: head.time,
            payload,
        };
        Some((frame, size))
    }
}

/// Appends a frame to `log`.
pub(crate) fn write(
    log: &mut Vec<u8>,
    kind: Kind,
    flags: u8,
    attempt: u32,
    (lines, first_line): (u32, u64),
    time: u64,
    data: &[u8],
) {
    let mut words = [0; 16];
    let (code, payload): (u8, &[u8]) = match kind {
        Kind::Data(stream) => (stream as u8, data),
        Kind::Lost {
            stream,
            bytes,
            lines,
        } => {
            words[..8].copy_from_slice(&bytes.to_le_bytes());
            words[8..].copy_from_slice(&lines.to_le_bytes());
            (2 + stream as u8, &words)
        }
        Kind::Started => (4, &[]),
        Kind::Finished { exit_code: None } => (5, &[]),
        Kind::Finished {
            exit_code: Some(code),
        } => {
            words[..4].copy_from_slice(&code.to_le_bytes());
            (5, &words[..4])
        }
    };
    write_raw(
        log,
        code,
        flags,
        attempt,
        (lines, first_line),
        time,
        payload,
    );
}

fn write_raw(
    log: &mut Vec<u8>,
    code: u8,
    flags: u8,
    attempt: u32,
    (lines, first_line): (u32, u64),
    time: u64,
    payload: &[u8],
) {
    let length = u32::try_from(payload.len()).expect("a block of a tap is far shorter");
    log.extend_from_slice(&MAGIC);
    log.extend_from_slice(&[code, flags]);
    log.extend_from_slice(&attempt.to_le_bytes());
    log.extend_from_slice(&length.to_le_bytes());
    log.extend_from_slice(&lines.to_le_bytes());
    log.extend_from_slice(&first_line.to_le_bytes());
    log.extend_from_slice(&time.to_le_bytes());
    log.extend_from_slice(payload);
    let size = length + (HEADER + TRAILER) as u32;
    log.extend_from_slice(&size.to_le_bytes());
}

/// Appends that so many bytes are not kept any more.
pub(crate) fn write_gone(to: &mut Vec<u8>, bytes: u64) {
    let kind = Kind::Lost {
        stream: Stream::Stdout,
        bytes,
        lines: 0,
    };
    write(to, kind, 0, 0, (0, 0), 0, &[]);
}

/// What a reader of frames is told beside them: where the next one stands, which is not behind the last; and
/// why nothing follows. No log has such entries.
const POSITION: u8 = 6;
const END: u8 = 7;

/// Appends that the next frame is the one at a position.
pub(crate) fn write_position(to: &mut Vec<u8>, position: u64) {
    write_raw(to, POSITION, 0, 0, (0, 0), 0, &position.to_le_bytes());
}

/// Appends that nothing follows, and why.
pub(crate) fn write_end(to: &mut Vec<u8>, reason: &str) {
    write_raw(to, END, 0, 0, (0, 0), 0, reason.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_the_same_after_it_was_written_and_a_torn_one_is_none() {
        let lost = Kind::Lost {
            stream: Stream::Stderr,
            bytes: 1 << 40,
            lines: 7,
        };
        for kind in [
            Kind::Data(Stream::Stdout),
            Kind::Data(Stream::Stderr),
            lost,
            Kind::Started,
            Kind::Finished { exit_code: None },
            Kind::Finished {
                exit_code: Some(-3),
            },
        ] {
            let mut log = Vec::new();
            write(
                &mut log,
                kind,
                LAST | CUT,
                9,
                (2, 1 << 33),
                1 << 41,
                b"a\nb\n",
            );
            let bytes = Bytes::from(log);
            let (frame, size) = Frame::read(100, &bytes).expect("it is whole");
            assert_eq!((frame.kind, size), (kind, bytes.len()));
            assert_eq!((frame.offset, frame.attempt), (100, 9));
            assert_eq!(frame.first_line, 1 << 33);
            assert_eq!((frame.time, frame.flags), (1 << 41, LAST | CUT));
            if matches!(kind, Kind::Data(_)) {
                assert_eq!(frame.payload, &b"a\nb\n"[..]);
            }
            for end in 0..bytes.len() {
                assert!(
                    Frame::read(0, &bytes.slice(..end)).is_none(),
                    "{kind:?} {end}"
                );
            }
        }
        assert!(Head::read(&[0xff; HEADER]).is_none());
    }
}
