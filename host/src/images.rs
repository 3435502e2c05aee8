//! Which plugin's code stands at an address.

#![allow(
    unsafe_code,
    reason = "only the system knows the addresses on this thread's stack"
)]

use std::thread::{self, ThreadId};

use parking_lot::Mutex;

use crate::maps;

/// Frames of a stack that are looked at, the innermost first.
const FRAMES: usize = 64;

/// The plugins that are open, which are never closed: an address in each, and the name of its file.
static IMAGES: Mutex<Vec<(usize, String)>> = Mutex::new(Vec::new());

/// The plugin that is being opened, and by whom.
static OPENING: Mutex<Option<(ThreadId, String)>> = Mutex::new(None);

/// Runs `open`, while which this thread runs the constructors of the plugin in a file of this name.
pub(crate) fn while_opening<T>(file: &str, open: impl FnOnce() -> T) -> T {
    *OPENING.lock() = Some((thread::current().id(), file.to_owned()));
    let opened = open();
    *OPENING.lock() = None;
    opened
}

/// From now on the plugin in a file of this name is known by an address in it.
pub(crate) fn opened(file: &str, address: usize) {
    IMAGES.lock().push((address, file.to_owned()));
}

/// The file of the plugin whose code this thread runs, or has called what it runs; `None` when there is
/// none.
pub(crate) fn on_this_stack() -> Option<String> {
    let opening = OPENING.try_lock().and_then(|opening| opening.clone());
    let opening = opening.filter(|(thread, _)| *thread == thread::current().id());
    opening.map(|(_, file)| file).or_else(|| {
        let images = IMAGES.try_lock()?;
        let spans = maps::spans();
        frames().into_iter().find_map(|frame| {
            let span = spans.iter().find(|span| span.contains(&frame))?;
            let image = images.iter().find(|(address, _)| span.contains(address));
            image.map(|(_, file)| file.clone())
        })
    })
}

/// The addresses of the callers on this thread's stack.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn frames() -> Vec<usize> {
    let mut frames = [std::ptr::null_mut(); FRAMES];
    // SAFETY: it writes as many addresses as there is room for, which both arguments say.
    let count = unsafe { libc::backtrace(frames.as_mut_ptr(), FRAMES as libc::c_int) };
    let count = usize::try_from(count).unwrap_or(0);
    frames[..count].iter().map(|frame| frame.addr()).collect()
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn frames() -> Vec<usize> {
    let _ = FRAMES;
    Vec::new()
}
