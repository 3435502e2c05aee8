//! The destructors of what a plugin has made, on a thread of the host's for each plugin.
//!
//! An author's destructor may take as long as it likes. On the thread of a supervisor that lets go of a
//! task it would hold up a worker of the host's, and on the one that drops the router the end of the
//! program.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use abi_stable::std_types::RBox;
use parking_lot::{Condvar, Mutex, MutexGuard};
use solti_plugin_abi::v1::runner::RunnerAbi_TO;
use solti_plugin_abi::v1::task::TaskAbi_TO;

/// How long the thread waits for another object before it ends.
const IDLE: Duration = Duration::from_secs(2);

/// How long the thread sleeps when there is nothing to do, and how often, before it has to be woken:
/// waking it costs whoever lets go of a task more than everything else here.
const NAP: Duration = Duration::from_millis(1);
const NAPS: u32 = 20;

/// More than these do not wait: the thread that lets go of the next has its destructor to run, so that
/// what is made is not more than what is dropped for ever.
const MOST_WAITING: usize = 1024;

thread_local! {
    /// Whether this thread waits for no destructor of a task.
    static GOES_ON: Cell<bool> = const { Cell::new(false) };
}

/// Drops a value, and waits for no destructor of a plugin's task that is dropped with it.
///
/// Whoever drops a task elsewhere has what a linked-in task gives: when that returns, it is gone.
pub(crate) fn let_go<T>(value: T) {
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            GOES_ON.set(self.0);
        }
    }
    let _before = Before(GOES_ON.replace(true));
    drop(value);
}

/// What a plugin has made and nobody holds any more.
#[expect(dead_code, reason = "the objects are here to be dropped")]
pub(super) enum Object {
    Runner(&'static str, RunnerAbi_TO<RBox<()>>),
    Task(String, TaskAbi_TO<RBox<()>>),
}

impl Object {
    fn name(&self) -> String {
        match self {
            Self::Runner(name, _) => format!("runner '{name}'"),
            Self::Task(name, _) => format!("task '{name}'"),
        }
    }
}

/// The objects of one plugin on their way out.
#[derive(Default)]
pub(super) struct Parting {
    state: Mutex<State>,
    /// Told when an object waits.
    more: Condvar,
    /// Told when an object is gone.
    gone: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Object>,
    /// The name of the one whose destructor runs.
    running: Option<String>,
    has_thread: bool,
    /// Whether the thread has to be woken.
    waits: bool,
}

impl State {
    /// How many objects are not gone.
    fn left(&self) -> usize {
        self.waiting.len() + usize::from(self.running.is_some())
    }
}

impl Parting {
    /// Has the destructor of a task run: here, unless this thread is to go on.
    pub(super) fn part_with_task(self: &Arc<Self>, name: String, task: TaskAbi_TO<RBox<()>>) {
        if GOES_ON.get() {
            self.part(Object::Task(name, task));
        } else {
            drop(task);
        }
    }

    /// Has an object's destructor run; returns at once, unless there are too many.
    pub(super) fn part(self: &Arc<Self>, object: Object) {
        let mut state = self.state.lock();
        if !state.has_thread {
            let own = Arc::clone(self);
            let started = std::thread::Builder::new()
                .name("plugin-drop".to_owned())
                .spawn(move || own.work());
            state.has_thread = started.is_ok();
        }
        if !state.has_thread || state.waiting.len() >= MOST_WAITING {
            // Without a thread for it the caller's has to do: better late than kept for ever.
            drop(state);
            return drop(object);
        }
        state.waiting.push_back(object);
        if state.waits {
            drop(state);
            self.more.notify_one();
        }
    }

    /// The objects that are not gone yet, the one whose destructor runs first.
    pub(super) fn left(&self) -> Vec<String> {
        let state = self.state.lock();
        let waiting = state.waiting.iter().map(Object::name);
        state.running.clone().into_iter().chain(waiting).collect()
    }

    /// Waits until every object is gone, for so long at most; how many are not.
    pub(super) fn wait(&self, at_most: Duration) -> usize {
        let is_left = |state: &mut State| state.left() > 0;
        let mut state = self.state.lock();
        self.gone.wait_while_for(&mut state, is_left, at_most);
        state.left()
    }

    fn work(&self) {
        let mut state = self.state.lock();
        let mut naps = 0;
        loop {
            if let Some(object) = state.waiting.pop_front() {
                naps = 0;
                state.running = Some(object.name());
                // A panic in it does not come as far as this: it is the plugin's to report.
                MutexGuard::unlocked(&mut state, || drop(object));
                state.running = None;
                self.gone.notify_all();
                continue;
            }
            if naps < NAPS {
                naps += 1;
                MutexGuard::unlocked(&mut state, || std::thread::sleep(NAP));
                continue;
            }
            naps = 0;
            state.waits = true;
            let timed_out = self.more.wait_for(&mut state, IDLE).timed_out();
            state.waits = false;
            if timed_out && state.waiting.is_empty() {
                state.has_thread = false;
                return;
            }
        }
    }
}
