//! Plugins that are no longer in service: they finish what they have begun, and end. The last one of each
//! name may come back.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, SystemTime};

use parking_lot::{Condvar, Mutex, MutexGuard};
use tracing::{info, warn};

use super::change::Change;
use super::member::Member;
use crate::foreign::{AttemptCounts, Plugin};
use crate::loader::pipeline::Identity;

/// How long a plugin that is to come back is waited for while it is told that it was replaced, or shut down.
const PATIENCE: Duration = Duration::from_secs(2);

/// A plugin that has been replaced, or is gone.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Departed {
    /// Which it was.
    pub plugin: Change,
    /// Since when.
    pub since: SystemTime,
    /// How many attempts it has left to end; `None` when it has ended, and has neither a thread nor a
    /// runtime any more.
    pub active: Option<u64>,
}

/// All of them. There are never more than libraries may be open.
#[derive(Default)]
pub(super) struct Departing {
    all: Mutex<Parked>,
    /// Told when one of them has got further.
    further: Condvar,
}

#[derive(Default)]
struct Parked {
    all: Vec<One>,
    /// The number of the next.
    next: u64,
}

struct One {
    number: u64,
    member: Member,
    since: SystemTime,
    state: State,
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nobody has told it so far.
    Parked,
    /// It is told, or shut down: its author's code runs.
    Busy,
    /// It finishes what it has begun.
    Drains,
    /// It has ended.
    Ended,
}

impl Parked {
    fn find(&mut self, number: u64) -> Option<&mut One> {
        self.all.iter_mut().find(|one| one.number == number)
    }
}

impl Departing {
    /// Has a plugin drain, and shuts it down when it is idle; what still runs of it then gets `grace`.
    /// Returns at once.
    pub(super) fn begin(self: &Arc<Self>, member: Member, grace: Duration) {
        let plugin = member.plugin.handle.clone();
        plugin.take_no_more();
        let mut parked = self.all.lock();
        let number = parked.next;
        parked.next += 1;
        // One of them is enough to go back to.
        for earlier in &mut parked.all {
            if earlier.member.identity.name == member.identity.name {
                earlier.member.let_go();
            }
        }
        parked.all.push(One {
            number,
            member,
            since: SystemTime::now(),
            state: State::Parked,
        });
        drop(parked);
        let (own, departing) = (Arc::clone(self), plugin.clone());
        let started = thread::Builder::new()
            .name("plugin-departs".to_owned())
            .spawn(move || own.end(number, &departing, grace));
        if let Err(err) = started {
            let name = plugin.name();
            warn!(
                plugin = name,
                "plugin '{name}' gets no more tasks, and keeps its runtime: no thread waits for it: {err}"
            );
        }
    }

    fn end(&self, number: u64, plugin: &Plugin, grace: Duration) {
        if !self.is_now(number, State::Busy) {
            return;
        }
        plugin.drain();
        if !self.is_now(number, State::Drains) {
            return;
        }
        block_on(plugin.idle());
        // It may be in service again, and have departed once more.
        if !self.is_now(number, State::Busy) {
            return;
        }
        let outcome = plugin.shutdown(grace);
        self.is_now(number, State::Ended);
        let name = plugin.name();
        info!(
            plugin = name,
            version = plugin.version(),
            undropped = outcome.undropped,
            "plugin '{name}' has finished what it had begun, and is at rest"
        );
    }

    /// Notes how far it has come; whether it is still here.
    fn is_now(&self, number: u64, state: State) -> bool {
        let mut parked = self.all.lock();
        let found = parked.find(number);
        let is_here = found.is_some();
        if let Some(one) = found {
            one.state = state;
        }
        drop(parked);
        self.further.notify_all();
        is_here
    }

    /// Takes a plugin back that was in service with the same bytes and the same configuration: nothing has to
    /// be opened for it. Blocks while it is told that it was replaced.
    pub(super) fn take_back(&self, identity: &Identity) -> Option<Member> {
        let is_it = |one: &One| one.member.identity == *identity && one.member.is_whole();
        let mut parked = self.all.lock();
        let busy = |parked: &mut Parked| {
            let mut all = parked.all.iter();
            all.any(|one| is_it(one) && one.state == State::Busy)
        };
        let timed_out = self.further.wait_while_for(&mut parked, busy, PATIENCE);
        if timed_out.timed_out() {
            return None;
        }
        let at = parked.all.iter().position(is_it)?;
        let one = parked.all.remove(at);
        // While nobody else looks: what waits for it must not shut it down now.
        let resumed = one.member.plugin.handle.resume();
        MutexGuard::unlock_fair(parked);
        resumed.then_some(one.member)
    }

    /// What became of the attempts of all of them, by their names.
    pub(super) fn attempts(&self) -> BTreeMap<String, AttemptCounts> {
        let mut counted = BTreeMap::<String, AttemptCounts>::new();
        for one in &self.all.lock().all {
            let plugin = &one.member.plugin;
            *counted.entry(plugin.plugin.clone()).or_default() += plugin.handle.attempts();
        }
        counted
    }

    pub(super) fn list(&self) -> Vec<Departed> {
        let parked = self.all.lock();
        let all = parked.all.iter().map(|one| Departed {
            plugin: Change::of(&one.member.plugin),
            since: one.since,
            active: match one.state {
                State::Ended => None,
                _ => Some(one.member.plugin.handle.active_tasks()),
            },
        });
        all.collect()
    }

    /// Those that have not ended.
    pub(super) fn running(&self) -> Vec<Plugin> {
        let parked = self.all.lock();
        let running = parked.all.iter().filter(|one| one.state != State::Ended);
        running
            .map(|one| one.member.plugin.handle.clone())
            .collect()
    }
}

/// Waits for a future on this thread.
fn block_on(future: impl Future<Output = ()>) {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    while future
        .as_mut()
        .poll(&mut Context::from_waker(&waker))
        .is_pending()
    {
        thread::park();
    }
}
