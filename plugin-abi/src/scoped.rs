//! A thread-local that is something for as long as a function runs.

use std::cell::RefCell;
use std::thread::LocalKey;

/// Runs `f` with `value` in `key`; then what was there before is put back, also when `f` panics.
pub(crate) fn with_value<V: 'static, T>(
    key: &'static LocalKey<RefCell<Option<V>>>,
    value: V,
    f: impl FnOnce() -> T,
) -> T {
    struct Restored<V: 'static> {
        key: &'static LocalKey<RefCell<Option<V>>>,
        before: Option<V>,
    }

    impl<V> Drop for Restored<V> {
        fn drop(&mut self) {
            let before = self.before.take();
            self.key.with_borrow_mut(|current| *current = before);
        }
    }

    let before = key.with_borrow_mut(|current| current.replace(value));
    let _restored = Restored { key, before };
    f()
}
