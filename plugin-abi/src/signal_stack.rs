//! A stack for signal handlers, for the threads that this library starts.
//!
//! Where a thread has overflowed its own stack, its host can say so only on another. The standard library
//! gives one to each thread, but only in the program: its copy in a plugin does not know that there are
//! handlers.

#![expect(unsafe_code, reason = "std has no stacks for signal handlers")]

use std::cell::RefCell;
use std::mem::MaybeUninit;
use std::ptr;

use libc::c_void;

/// What handlers of the host's and of runtimes of WebAssembly need; memory is taken of it when one runs.
const LEN: usize = 64 << 10;

thread_local! {
    /// The stack of this thread, where it was given one.
    static GIVEN: RefCell<Option<SignalStack>> = const { RefCell::new(None) };
}

/// Gives one to this thread, until [`take`]; does nothing where it has one, or there is no memory.
pub(crate) fn give() {
    GIVEN.with_borrow_mut(|given| {
        if given.is_none() {
            *given = SignalStack::new();
        }
    });
}

/// Takes it back, before the thread ends.
pub(crate) fn take() {
    GIVEN.take();
}

struct SignalStack(*mut c_void);

impl SignalStack {
    fn new() -> Option<Self> {
        if current()?.ss_flags & libc::SS_DISABLE == 0 {
            return None;
        }
        let (rights, kind) = (
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANON,
        );
        // SAFETY: it maps new memory, wherever there is room.
        let memory = unsafe { libc::mmap(ptr::null_mut(), LEN, rights, kind, -1, 0) };
        if memory == libc::MAP_FAILED {
            return None;
        }
        let stack = Self(memory);
        let described = libc::stack_t {
            ss_sp: memory,
            ss_flags: 0,
            ss_size: LEN,
        };
        // SAFETY: so much memory is there, which nothing else uses, until `drop` has taken the stack back.
        let given = unsafe { libc::sigaltstack(&raw const described, ptr::null_mut()) };
        (given == 0).then_some(stack)
    }
}

/// The one that this thread has.
fn current() -> Option<libc::stack_t> {
    let mut current = MaybeUninit::<libc::stack_t>::uninit();
    // SAFETY: it writes a description, to memory for one.
    let asked = unsafe { libc::sigaltstack(ptr::null(), current.as_mut_ptr()) };
    // SAFETY: where the call has succeeded, it was written.
    (asked == 0).then(|| unsafe { current.assume_init() })
}

impl Drop for SignalStack {
    fn drop(&mut self) {
        // Code of the author's may have given the thread another since.
        if current().is_some_and(|current| current.ss_sp == self.0) {
            let none = libc::stack_t {
                ss_sp: ptr::null_mut(),
                ss_flags: libc::SS_DISABLE,
                ss_size: LEN,
            };
            // SAFETY: no handler runs on it, as this does not run in one.
            unsafe { libc::sigaltstack(&raw const none, ptr::null_mut()) };
        }
        // SAFETY: it is what `new` has mapped, and no thread's stack any more.
        unsafe { libc::munmap(self.0, LEN) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_has_a_stack_for_handlers_between_give_and_take_and_its_own_stays() {
        // The standard library has given this thread one, as it does in a program.
        let own = current().unwrap().ss_sp;
        give();
        assert_eq!(current().unwrap().ss_sp, own);
        let told = std::thread::spawn(|| {
            let none = libc::stack_t {
                ss_sp: ptr::null_mut(),
                ss_flags: libc::SS_DISABLE,
                ss_size: LEN,
            };
            let own = current().unwrap();
            // SAFETY: no handler runs.
            unsafe { libc::sigaltstack(&raw const none, ptr::null_mut()) };
            give();
            let given = current().unwrap();
            take();
            let taken = current().unwrap();
            // SAFETY: it is the one that this thread had.
            unsafe { libc::sigaltstack(&raw const own, ptr::null_mut()) };
            (given.ss_size, taken.ss_flags & libc::SS_DISABLE != 0)
        });
        assert_eq!(told.join().unwrap(), (LEN, true));
    }
}
