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

/// How many bytes of frames are kept of a task that writes nothing: one that is tried again all day begins and
/// ends very often.
const SILENT: usize = 16 << 10;

/// Whether frames are worth a file or a message of their own: something was written, or lost, and not only
/// begun and ended; or that has happened very often.
pub(crate) fn are_worth_keeping(frames: &[u8]) -> bool {
    let mut at = 0;
    if frames.len() >= SILENT {
        return true;
    }
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

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn a_task_that_writes_nothing_is_not_kept_until_it_was_tried_very_often() {
        let (mut frames, mut attempts) = (Vec::new(), 0);
        while !are_worth_keeping(&frames) {
            attempts += 1;
            assert!(frames.len() < SILENT, "nothing grows for ever");
            let at = SystemTime::now();
            let begun = add(
                &mut frames,
                &TapEvent::Started {
                    attempt: attempts,
                    at,
                },
                0,
            );
            assert_eq!(begun, Some(attempts));
            let finished = TapEvent::Finished {
                attempt: attempts,
                exit_code: Some(0),
                at,
            };
            add(&mut frames, &finished, 0);
        }
        assert!(attempts > 100, "{attempts}");
    }
}
