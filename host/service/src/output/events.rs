//! What a tap tells of, as frames of a log.

use solti_plugin_host::output::TapEvent;
use solti_plugin_host::solti_model::StreamKind;

use super::frame::{self, CUT, Kind, LAST, Stream};
use crate::time::{millis, now};

/// Adds what a tap has told; attempts count on from `base`. The number of the attempt that has begun, where one
/// has.
pub(crate) fn add(frames: &mut Vec<u8>, event: &TapEvent, base: u32) -> Option<u32> {
    let number = |attempt: u32| base.saturating_add(attempt);
    match event {
        TapEvent::Block(block) => {
            let mut flags = 0;
            if block.last {
                flags |= LAST;
            }
            if block.cut {
                flags |= CUT;
            }
            frame::write(
                frames,
                Kind::Data(stream(block.stream)),
                flags,
                number(block.attempt),
                (block.ends.len() as u32, block.first_line),
                millis(block.time),
                &block.bytes,
            );
        }
        TapEvent::Lost {
            attempt,
            stream: of,
            bytes,
            lines,
        } => {
            let kind = Kind::Lost {
                stream: stream(*of),
                bytes: *bytes,
                lines: *lines,
            };
            frame::write(frames, kind, 0, number(*attempt), (0, 0), now(), &[]);
        }
        TapEvent::Started { attempt, at } => {
            let attempt = number(*attempt);
            frame::write(frames, Kind::Started, 0, attempt, (0, 0), millis(*at), &[]);
            return Some(attempt);
        }
        TapEvent::Finished {
            attempt,
            exit_code,
            at,
        } => {
            let kind = Kind::Finished {
                exit_code: *exit_code,
            };
            frame::write(frames, kind, 0, number(*attempt), (0, 0), millis(*at), &[]);
        }
        _ => {}
    }
    None
}

/// Whether something was written, or lost, and not only begun and ended.
pub(crate) fn has_output(frames: &[u8]) -> bool {
    let mut at = 0;
    while let Some(head) = frame::Head::read(&frames[at..]) {
        at += head.size();
        if head.length() > 0 && !head.is_end() {
            return true;
        }
    }
    false
}

fn stream(kind: StreamKind) -> Stream {
    match kind {
        StreamKind::Stdout => Stream::Stdout,
        StreamKind::Stderr => Stream::Stderr,
    }
}
