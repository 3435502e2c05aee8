//! Nothing unwinds across the boundary: a panic becomes a value here, inside the plugin.
//!
//! abi_stable ends the process when a panic reaches one of its functions, and a host cannot catch a
//! panic of another library at all. So every function the plugin exports, every method of every
//! object it hands out, and every destructor of those runs its author's code through [`guard`].

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::pin::Pin;
use std::task::Poll;

use crate::v1::error::{FfiError, PANIC};
use crate::v1::log::PANIC_TARGET;

thread_local! {
    /// How many guards are on this thread's stack: inside one, a panic is reported by its value.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    /// The panics on this thread since the innermost guard was entered, put there by the hook.
    static SEEN: RefCell<Vec<Seen>> = const { RefCell::new(Vec::new()) };
}

/// Panics that are remembered for one guard: an author may catch any number of them.
const MOST_SEEN: usize = 8;

/// A panic as the hook sees it.
struct Seen {
    text: String,
    place: String,
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
    // What an author caught before is no part of what happens now.
    let outer = SEEN.with_borrow_mut(std::mem::take);
    DEPTH.set(DEPTH.get() + 1);
    let result = catch_unwind(AssertUnwindSafe(f));
    DEPTH.set(DEPTH.get() - 1);
    let seen = SEEN.with_borrow_mut(|seen| std::mem::replace(seen, outer));
    result.map_err(|payload| Panicked(describe(payload, &seen)))
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

/// Message and place of a caught panic.
///
/// A panic that was caught and goes on elsewhere, as rayon and `JoinError::into_panic` do it, passes no
/// hook on this thread: then none of those that were seen here has its text, and its place is not
/// known.
fn describe(payload: Box<dyn Any + Send>, seen: &[Seen]) -> String {
    let text = payload_text(&*payload);
    let message = match seen.iter().rev().find(|seen| seen.text == text) {
        Some(seen) => seen.to_string(),
        None => text.to_owned(),
    };
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

/// Makes the panics of the plugin `plugin` known to the host instead of writing them to standard error.
///
/// The plugin has its own copy of std and so its own hook; the host's is never called for it.
pub(super) fn install_hook(plugin: &'static str) {
    std::panic::set_hook(Box::new(move |info| {
        let panic = Seen::new(info);
        if panic.ends_the_process() {
            last_words(plugin, &panic);
        } else if DEPTH.get() > 0 {
            SEEN.with_borrow_mut(|seen| {
                if seen.len() == MOST_SEEN {
                    seen.remove(0);
                }
                seen.push(panic);
            });
        } else {
            let thread = std::thread::current();
            log_panic(
                &format!("thread '{}'", thread.name().unwrap_or("<unnamed>")),
                &panic.to_string(),
            );
        }
    }));
}

/// Says what ends the host, while there is still somebody to say it.
///
/// To standard error as well as to the log: the process ends when this returns, and a log may be
/// behind.
fn last_words(plugin: &str, last: &Seen) {
    let seen = SEEN.with_borrow_mut(std::mem::take);
    let panics: Vec<_> = seen.iter().chain([last]).map(Seen::to_string).collect();
    let message = format!(
        "plugin '{plugin}' ends this process by a panic that nothing can stop: {}",
        crate::text::one_line(&panics.join("; then "))
    );
    log_panic("a destructor", &message);
    // A closed standard error is no reason for another panic.
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{message}\n").as_bytes());
}

impl Seen {
    fn new(info: &PanicHookInfo<'_>) -> Self {
        Self {
            text: payload_text(info.payload()).to_owned(),
            place: info
                .location()
                .map_or_else(String::new, ToString::to_string),
        }
    }

    /// Whether std ends the process when the hook returns: it panics itself then, with these words.
    fn ends_the_process(&self) -> bool {
        matches!(
            self.text.as_str(),
            "panic in a destructor during cleanup" | "panic in a function that cannot unwind"
        )
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        if self.place.is_empty() {
            return Ok(());
        }
        write!(f, " (at {})", self.place)
    }
}

/// Awaits a future of the author's, each poll through the guard.
pub(super) async fn guard_polls<F: Future + Unpin>(future: &mut F) -> Result<F::Output, Panicked> {
    poll_fn(|cx| match guard(|| Pin::new(&mut *future).poll(cx)) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Err(panicked) => Poll::Ready(Err(panicked)),
    })
    .await
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
    fn a_panic_that_goes_on_elsewhere_is_told_in_its_own_words() {
        install_hook("guard");
        let carried = guard(|| {
            let first = catch_unwind(|| panic!("caught by the author")).unwrap_err();
            drop(first);
            let carried = std::thread::spawn(|| panic!("carried {}", 1))
                .join()
                .unwrap_err();
            std::panic::resume_unwind(carried);
        });
        assert_eq!(carried.map(|(): ()| ()).unwrap_err().0, "carried 1");
        let own = guard(|| panic!("its own")).map(|(): ()| ()).unwrap_err();
        assert!(own.0.starts_with("its own (at "), "{}", own.0);
        assert_eq!(guard(|| ()).ok(), Some(()));
        let later = guard(|| std::panic::resume_unwind(Box::new("later")));
        assert_eq!(later.map(|(): ()| ()).unwrap_err().0, "later");
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
        assert!(
            caught.0.starts_with("a panic without a message"),
            "{}",
            caught.0
        );
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
