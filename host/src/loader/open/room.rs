//! Whether there is room for one more library in a process that runs: none is ever closed.

use super::error::OpenError;
use crate::images::open_images;

/// What is opened beside plugins that run.
#[derive(Debug, Clone, Copy)]
pub(in crate::loader) struct Beside {
    /// How many libraries may be open.
    pub(in crate::loader) max_images: u64,
    /// How many bytes their files may have together.
    pub(in crate::loader) max_bytes: u64,
    /// Whether another version of the plugin is open.
    pub(in crate::loader) replaces: bool,
}

impl Beside {
    /// Asks whether there is room for one more, of this length in bytes.
    pub(super) fn check(&self, len: u64) -> Result<(), OpenError> {
        let open = open_images();
        if open.count >= self.max_images {
            return Err(OpenError::TooManyImages {
                open: open.count,
                limit: self.max_images,
            });
        }
        if open.bytes.saturating_add(len) > self.max_bytes {
            return Err(OpenError::ImagesTooLarge {
                open: open.bytes,
                limit: self.max_bytes,
            });
        }
        Ok(())
    }
}
