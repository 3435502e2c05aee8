//! The plugins that are open.

use std::cell::Cell;
use std::iter::successors;
use std::ops::Range;
use std::sync::OnceLock;

use parking_lot::Mutex;
use serde::Serialize;
use solti_plugin_abi::text::one_line;

use super::code;

/// A plugin that is open. It is never closed, so this is never dropped.
struct Image {
    /// The name of its file, as people read it.
    file: &'static str,
    /// Where its code is.
    code: Range<usize>,
    next: OnceLock<&'static Image>,
}

/// The first that was opened; each leads to the next.
static FIRST: OnceLock<&'static Image> = OnceLock::new();

/// The last one, for who adds the next; who looks for one takes no lock.
static LAST: Mutex<Option<&'static Image>> = Mutex::new(None);

/// How many there are.
static OPEN: Mutex<OpenImages> = Mutex::new(OpenImages { count: 0, bytes: 0 });

/// What of plugins is open in this process, which stays so: a library is never closed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OpenImages {
    /// How many libraries.
    pub count: u64,
    /// The lengths of their files together, in bytes.
    pub bytes: u64,
}

/// What of plugins is open in this process.
#[must_use]
pub fn open_images() -> OpenImages {
    *OPEN.lock()
}

thread_local! {
    /// The file of the plugin whose constructors this thread runs.
    static OPENING: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// Runs `open`, while which this thread runs the constructors of the plugin in a file of this name.
pub(crate) fn while_opening<T>(file: &str, open: impl FnOnce() -> T) -> T {
    OPENING.set(Some(kept(file)));
    let opened = open();
    OPENING.set(None);
    opened
}

/// From now on the plugin in a file of this name and length is known by an address in it.
pub(crate) fn opened(file: &str, len: u64, address: usize) {
    let mut open = OPEN.lock();
    open.count += 1;
    open.bytes += len;
    drop(open);
    let image: &Image = Box::leak(Box::new(Image {
        file: kept(file),
        code: code::around(address),
        next: OnceLock::new(),
    }));
    let mut last = LAST.lock();
    let next = last.map_or(&FIRST, |last| &last.next);
    next.set(image).ok().expect("the last one has no next");
    *last = Some(image);
}

/// The file of the plugin whose code is at this address.
pub(super) fn at(address: usize) -> Option<&'static str> {
    let mut images = successors(FIRST.get(), |image| image.next.get());
    let image = images.find(|image| image.code.contains(&address))?;
    Some(image.file)
}

/// The file of the plugin whose constructors this thread runs.
pub(super) fn being_opened() -> Option<&'static str> {
    OPENING.get()
}

fn kept(file: &str) -> &'static str {
    Box::leak(one_line(file).into())
}
