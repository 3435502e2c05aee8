//! Nothing unwinds across the boundary: a panic becomes a value here, inside the plugin.
//!
//! abi_stable ends the process when a panic reaches one of its functions, and a host cannot catch a
//! panic of another library at all. So every function the plugin exports, every method of every
//! object it hands out, and every destructor of those runs its author's code through [`guard`].

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};

use crate::v1::error::{FfiError, PANIC};
use crate::v1::log::PANIC_TARGET;

thread_local! {
    /// How many guards are on this thread's stack: inside one, a panic is reported by its value.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    /// Message and place of the latest panic on this thread, put there by the hook.
    static LATEST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A panic that was caught: its message and where it happened.
#[derive(Debug)]
pub(super) struct Panicked(pub(super) String);

impl From<Panicked> for FfiError {
    fn from(panicked: Panicked) -> Self {
        Self::new(PANIC, panicked.0)
    }
}

/// Runs `f`, catching a panic.
pub(super) fn guard<T>(f: impl FnOnce() -> T) -> Result<T, Panicked> {
    DEPTH.set(DEPTH.get() + 1);
    let result = catch_unwind(AssertUnwindSafe(f));
    DEPTH.set(DEPTH.get() - 1);
    result.map_err(|payload| Panicked(take_message(payload)))
}

/// Runs `f`, catching a panic; as no caller can be given an error, it goes to the host's log.
pub(super) fn guard_or_log(place: &str, f: impl FnOnce()) {
    if let Err(Panicked(message)) = guard(f) {
        log_panic(place, &message);
    }
}

/// Reports a panic to the host, which logs and counts it.
pub(super) fn log_panic(place: &str, message: &str) {
    // The event itself runs code of the bridge; a second panic must not escape either.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        tracing::error!(target: PANIC_TARGET, "panicked in {place}: {message}");
    }));
}

/// Takes what the hook has noted of a caught panic, and disposes of its payload.
fn take_message(payload: Box<dyn Any + Send>) -> String {
    let latest = LATEST.with_borrow_mut(Option::take);
    let message = latest.unwrap_or_else(|| payload_text(&*payload).to_owned());
    // A payload may panic when it is dropped, and nothing could catch that any more.
    std::mem::forget(payload);
    message
}

fn payload_text(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message")
}

/// Makes the plugin's panics known to the host instead of writing them to standard error.
///
/// The plugin has its own copy of std and so its own hook; the host's is never called for it.
pub(super) fn install_hook() {
    std::panic::set_hook(Box::new(|info| {
        let message = message_and_place(info);
        if DEPTH.get() > 0 {
            LATEST.with_borrow_mut(|latest| *latest = Some(message));
        } else {
            let thread = std::thread::current();
            log_panic(
                &format!("thread '{}'", thread.name().unwrap_or("<unnamed>")),
                &message,
            );
        }
    }));
}

fn message_and_place(info: &PanicHookInfo<'_>) -> String {
    let text = payload_text(info.payload());
    match info.location() {
        Some(place) => format!("{text} (at {place})"),
        None => text.to_owned(),
    }
}

/// A value of the author's whose destructor runs through the guard.
pub(super) struct Guarded<T> {
    value: Option<T>,
    place: &'static str,
}

impl<T> Guarded<T> {
    /// Wraps `value`; `place` names it in the log when its destructor panics.
    pub(super) fn new(place: &'static str, value: T) -> Self {
        Self {
            value: Some(value),
            place,
        }
    }

    pub(super) fn get(&self) -> &T {
        self.value
            .as_ref()
            .expect("the value is only taken by clear, when it is dropped")
    }

    pub(super) fn get_mut(&mut self) -> Option<&mut T> {
        self.value.as_mut()
    }

    /// Drops the value now.
    pub(super) fn clear(&mut self) {
        if let Some(value) = self.value.take() {
            guard_or_log(self.place, || drop(value));
        }
    }
}

impl<T> Drop for Guarded<T> {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_value_with_its_message() {
        let caught = guard(|| panic!("boom {}", 7)).map(|(): ()| ()).unwrap_err();
        assert!(caught.0.starts_with("boom 7"), "{}", caught.0);
        assert_eq!(guard(|| 5).unwrap(), 5);
    }

    #[test]
    fn a_payload_that_panics_when_dropped_does_not_escape() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("second");
            }
        }
        let caught = guard(|| std::panic::panic_any(Bomb))
            .map(|(): ()| ())
            .unwrap_err();
        assert_eq!(caught.0, "a panic without a message");
    }

    #[test]
    fn a_destructor_that_panics_does_not_escape() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("in drop");
            }
        }
        drop(Guarded::new("a bomb", Bomb));
    }
}
