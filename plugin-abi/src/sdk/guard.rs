//! Nothing unwinds across the boundary: a panic becomes a value here, inside the plugin.
//!
//! abi_stable ends the process when a panic reaches one of its functions, and a host cannot catch a
//! panic of another library at all. So every function the plugin exports, every method of every
//! object it hands out, and every destructor of those runs its author's code through [`guard`].

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;

pub(super) use super::panicked::Panicked;
use super::panicked::Seen;
use crate::v1::log::PANIC_TARGET;

thread_local! {
    /// How many guards are on this thread's stack: inside one, a panic is reported by its value.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    /// The panics on this thread since the innermost guard was entered, put there by the hook.
    static SEEN: RefCell<Vec<Seen>> = const { RefCell::new(Vec::new()) };
}

/// Panics that are remembered for one guard: an author may catch any number of them.
const MOST_SEEN: usize = 8;

/// Runs `f`, catching a panic.
pub(super) fn guard<T>(f: impl FnOnce() -> T) -> Result<T, Panicked> {
    // What an author caught before is no part of what happens now.
    let outer = SEEN.with_borrow_mut(std::mem::take);
    DEPTH.set(DEPTH.get() + 1);
    let result = catch_unwind(AssertUnwindSafe(f));
    DEPTH.set(DEPTH.get() - 1);
    let seen = SEEN.with_borrow_mut(|seen| std::mem::replace(seen, outer));
    result.map_err(|payload| Panicked::of(payload, &seen))
}

/// Runs `f`, catching a panic; as no caller can be given an error, it goes to the host's log.
pub(super) fn guard_or_log(place: &str, f: impl FnOnce()) {
    if let Err(panicked) = guard(f) {
        log_panic(place, &panicked.to_string());
    }
}

/// Reports a panic to the host, which logs and counts it.
pub(super) fn log_panic(place: &str, message: &str) {
    // The event itself runs code of the bridge; a second panic must not escape either.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        tracing::error!(target: PANIC_TARGET, "panicked in {place}: {message}");
    }));
}

/// Makes the panics of the plugin `plugin` known to the host instead of writing them to standard error.
///
/// The plugin has its own copy of std and so its own hook; the host's is never called for it.
pub(super) fn install_hook(plugin: &'static str) {
    std::panic::set_hook(Box::new(move |info| {
        let panic = Seen::new(plugin, info);
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
            log_panic(&format!("thread '{}'", panic.thread()), &panic.to_string());
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
    use crate::v1::error::FfiError;

    #[test]
    fn a_panic_becomes_a_value_with_its_message() {
        let caught = guard(|| panic!("boom {}", 7)).map(|(): ()| ()).unwrap_err();
        assert!(caught.to_string().starts_with("boom 7"), "{caught}");
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
        assert_eq!(
            carried.map(|(): ()| ()).unwrap_err().to_string(),
            "carried 1"
        );
        let own = guard(|| panic!("its own")).map(|(): ()| ()).unwrap_err();
        assert!(own.to_string().starts_with("its own (at "), "{own}");
        let details = FfiError::from(own).known_details();
        let panic = &details["panic"];
        assert_eq!(panic["plugin"], "guard");
        assert_eq!(panic["message"], "its own");
        assert_eq!(panic["thread"], std::thread::current().name().unwrap());
        assert_eq!(panic["file"], file!());
        assert!(
            panic["line"].is_u64() && panic["column"].is_u64(),
            "{panic}"
        );
        assert_eq!(guard(|| ()).ok(), Some(()));
        let later = guard(|| std::panic::resume_unwind(Box::new("later")));
        let later = later.map(|(): ()| ()).unwrap_err();
        assert_eq!(later.to_string(), "later");
        // Where it happened is not known, and nothing is made up.
        let details = FfiError::from(later).known_details();
        assert_eq!(details["panic"], serde_json::json!({ "message": "later" }));
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
            caught.to_string().starts_with("a panic without a message"),
            "{caught}"
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
