//! The output of a task that a supervisor runs.

use std::fmt;
use std::io::{self, Write};
use std::ops::{Deref, DerefMut};

use solti_model::StreamKind;
use solti_plugin_abi::{Tap, TapEvent};

/// A reader of one task's output that loses nothing: a [`Tap`].
///
/// What is not read of a task that is over takes memory, so it counts: where the number of jobs is
/// limited, no other task begins while this and fifteen more are neither read to their end nor dropped.
pub struct TaskOutput {
    // Dropped before it is told to be read: its writers go on first.
    tap: Tap,
    _on_read: OnRead,
}

/// Says when it is dropped that the output has been read.
struct OnRead(Option<Box<dyn FnOnce() + Send + Sync>>);

impl TaskOutput {
    /// What this tap hands out; calls `on_read` when it is dropped.
    pub(super) fn new(tap: Tap, on_read: impl FnOnce() + Send + Sync + 'static) -> Self {
        Self {
            tap,
            _on_read: OnRead(Some(Box::new(on_read))),
        }
    }
}

impl TaskOutput {
    /// Writes all that is still to come, byte for byte, and returns when the task is over.
    ///
    /// Blocks as long as the writers do, each time there is something: on a worker of a runtime, the
    /// other tasks of that worker wait as well.
    ///
    /// # Errors
    ///
    /// Those of the writers. What the task writes from then on is not kept.
    pub async fn write_to(
        mut self,
        mut stdout: impl Write,
        mut stderr: impl Write,
    ) -> io::Result<()> {
        while let Some(event) = self.next().await {
            let TapEvent::Block(block) = event else {
                continue;
            };
            let writer: &mut dyn Write = match block.stream {
                StreamKind::Stdout => &mut stdout,
                StreamKind::Stderr => &mut stderr,
            };
            writer.write_all(&block.bytes)?;
            writer.flush()?;
        }
        Ok(())
    }
}

impl Deref for TaskOutput {
    type Target = Tap;

    fn deref(&self) -> &Tap {
        &self.tap
    }
}

impl DerefMut for TaskOutput {
    fn deref_mut(&mut self) -> &mut Tap {
        &mut self.tap
    }
}

impl Drop for OnRead {
    fn drop(&mut self) {
        if let Some(on_read) = self.0.take() {
            on_read();
        }
    }
}

impl fmt::Debug for TaskOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TaskOutput").field(&self.tap).finish()
    }
}
