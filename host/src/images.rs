//! Which plugin's code stands at an address.

#![allow(
    unsafe_code,
    reason = "only the system knows the addresses on this thread's stack"
)]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};

use parking_lot::Mutex;

/// Plugins that can be told apart: more than one process can hold.
const MOST: usize = 4096;

/// Frames of a stack that are looked at, the innermost first.
const FRAMES: usize = 64;

/// The plugins that are open. They are never closed.
static IMAGES: [OnceLock<Image>; MOST] = [const { OnceLock::new() }; MOST];

/// How many of them there are, or are about to be.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// The plugin that is being opened, and by whom.
static OPENING: Mutex<Option<(ThreadId, String)>> = Mutex::new(None);

struct Image {
    start: usize,
    end: usize,
    file: String,
}

/// Runs `open`, while which this thread runs the constructors of the plugin in a file of this name.
pub(crate) fn while_opening<T>(file: &str, open: impl FnOnce() -> T) -> T {
    *OPENING.lock() = Some((thread::current().id(), file.to_owned()));
    let opened = open();
    *OPENING.lock() = None;
    opened
}

/// From now on the plugin in a file of this name is known by its addresses.
pub(crate) fn opened(file: &str, (start, end): (usize, usize)) {
    let at = COUNT.fetch_add(1, Ordering::Relaxed);
    if let Some(image) = IMAGES.get(at) {
        image.get_or_init(|| Image {
            start,
            end,
            file: file.to_owned(),
        });
    }
}

/// The file of the plugin whose code this thread runs, or has called what it runs; `None` when there is
/// none.
pub(crate) fn on_this_stack() -> Option<String> {
    let opening = OPENING.try_lock().and_then(|opening| opening.clone());
    let opening = opening.filter(|(thread, _)| *thread == thread::current().id());
    opening.map(|(_, file)| file).or_else(|| {
        let frames = frames();
        let of_plugin = frames.into_iter().find_map(of_address);
        of_plugin.map(str::to_owned)
    })
}

fn of_address(address: usize) -> Option<&'static str> {
    let count = COUNT.load(Ordering::Relaxed).min(MOST);
    let mut images = IMAGES[..count].iter().filter_map(OnceLock::get);
    let image = images.find(|image| (image.start..image.end).contains(&address))?;
    Some(&image.file)
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
