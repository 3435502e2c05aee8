//! A sink in whose place there is something that takes lines, and cannot press back.

use std::future::ready;
use std::time::Duration;

use parking_lot::Mutex;
use solti_plugin_host::output::{Block, Pressure, Ready, SinkBackend};
use solti_plugin_host::solti_model::StreamKind;

use crate::lines::Lines;

/// What takes lines.
pub(crate) trait TakesLines: Send + Sync {
    /// Takes one, without its end; `cut` says that bytes of it were left out.
    fn line(&self, stream: StreamKind, cut: bool, line: &[u8]);

    /// Whether anybody wants them.
    fn is_enabled(&self) -> bool;
}

/// A sink in whose place there is something that takes lines.
pub(crate) struct LineSink<T> {
    taker: T,
    /// The lines that have begun, of standard output and of standard error.
    open: Mutex<[Lines; 2]>,
}

impl<T> LineSink<T> {
    pub(crate) fn new(taker: T) -> Self {
        Self {
            taker,
            open: Mutex::default(),
        }
    }
}

impl<T: TakesLines> SinkBackend for LineSink<T> {
    fn push(&self, stream: StreamKind, cut: bool, line: &[u8]) -> Pressure {
        self.taker.line(stream, cut, line);
        Pressure::None
    }

    fn push_lines(&self, stream: StreamKind, text: &[u8], spans: &[[u32; 2]]) -> Pressure {
        for [start, end] in spans {
            if let Some(line) = text.get(*start as usize..*end as usize) {
                self.taker.line(stream, false, line);
            }
        }
        Pressure::None
    }

    fn write(&self, stream: StreamKind, block: Block<'_>) -> Pressure {
        if self.taker.is_enabled() {
            let mut open = self.open.lock();
            let lines = &mut open[usize::from(stream == StreamKind::Stderr)];
            lines.take(block.bytes, block.longest_line, block.last, |line, cut| {
                self.taker.line(stream, cut, line);
            });
        }
        Pressure::None
    }

    fn ready(&self) -> Ready {
        Box::pin(ready(()))
    }

    fn wait_ready(&self, _: Duration) -> bool {
        true
    }

    fn is_enabled(&self) -> bool {
        self.taker.is_enabled()
    }
}
