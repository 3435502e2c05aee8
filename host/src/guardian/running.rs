//! The guardian as the host has it: started, told when it is not needed any more, and missed when it
//! ends otherwise.

use std::io::{self, PipeWriter, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use solti_plugin_abi::granted_threads;
use solti_plugin_abi::guardian::Region;
use solti_plugin_abi::os_error::explain;
use tracing::{Dispatch, dispatcher, warn};

use super::table::Table;
use super::wire::{ARGUMENT, END_AT_ONCE, END_IF_IDLE, NAME};
use crate::own_program;
use crate::services::log_thread;

/// How long the end of the program waits for that of its guardian, which takes a fraction of it.
const DISMISSAL: Duration = Duration::from_millis(50);

/// How many processes and threads the system must have left beside the guardian: it is there for tasks, and
/// takes the place of none.
const ROOM: usize = 4;

static STATE: Mutex<State> = Mutex::new(State {
    table: None,
    guardian: None,
});

struct State {
    /// It outlives a guardian: what is in it is for the next one, too.
    table: Option<Table>,
    guardian: Option<Guardian>,
}

struct Guardian {
    /// The guardian sees the end of it, and reads from it that it may end.
    pipe: PipeWriter,
    why: Arc<Mutex<Why>>,
    /// Told when it was waited for.
    ended: Receiver<()>,
}

/// Why a guardian ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// Nobody knows.
    Unknown,
    /// The host ends.
    Dismissed,
    /// It would take the place of a task.
    NoRoom,
}

/// Gives a plugin a part of the table, and starts the guardian where there is none.
///
/// # Errors
///
/// Why there is none.
pub(crate) fn claim() -> Result<Region, String> {
    if !cfg!(target_os = "linux") {
        return Err("there is no guardian on this system".to_owned());
    }
    if !own_program::takes_roles() {
        return Err("the host's main does not begin with probe_main()".to_owned());
    }
    let program = own_program::path().map_err(|_| "the host does not find its own program")?;
    let mut state = STATE.lock();
    let claimed = state.claim(&program);
    claimed.map_err(|err| format!("the guardian cannot run: {err}"))
}

/// Has the guardian end whatever is in the table, for want of processes.
pub(crate) fn release() {
    let guardian = STATE.lock().guardian.take();
    if let Some(guardian) = guardian {
        guardian.end(END_AT_ONCE, Why::NoRoom);
    }
}

/// Lets the guardian end, as far as it has nothing to see to, and waits for that.
pub(crate) fn dismiss() {
    // Who holds it starts one just now, which finds out by itself.
    if let Some(guardian) = STATE.try_lock().and_then(|mut state| state.guardian.take()) {
        guardian.end(END_IF_IDLE, Why::Dismissed);
        // Its pipe ends with this process, not before.
        std::mem::forget(guardian);
    }
}

impl State {
    fn claim(&mut self, program: &Path) -> io::Result<Region> {
        let table = match &mut self.table {
            Some(table) => table,
            none => none.insert(Table::new()?),
        };
        if self.guardian.is_none() {
            let guardian = Guardian::start(program, table)?;
            let has_room = granted_threads(ROOM).is_ok_and(|granted| granted >= ROOM);
            if !has_room {
                guardian.end(END_AT_ONCE, Why::NoRoom);
                return Err(no_process_left());
            }
            self.guardian = Some(guardian);
        }
        Ok(table.claim())
    }
}

impl Guardian {
    fn start(program: &Path, table: &Table) -> io::Result<Self> {
        let (theirs, pipe) = io::pipe()?;
        let mut command = Command::new(program);
        command
            .arg0(NAME)
            .arg(ARGUMENT)
            .arg(std::process::id().to_string())
            .env_clear()
            .stdin(theirs)
            .stdout(table.try_clone()?)
            .stderr(Stdio::null())
            // What a terminal sends must not reach it before it has a session of its own.
            .process_group(0);
        if let Some(libraries) = std::env::var_os("LD_LIBRARY_PATH") {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        let why = Arc::new(Mutex::new(Why::Unknown));
        let ended = start_and_reap(command, Arc::clone(&why))?;
        Ok(Self { pipe, why, ended })
    }

    /// Has it end, and waits a little for that.
    fn end(&self, how: u8, why: Why) {
        *self.why.lock() = why;
        if (&self.pipe).write_all(&[how]).is_ok() {
            let _ = self.ended.recv_timeout(DISMISSAL);
        }
    }
}

/// Starts it, and a thread that waits for its end and tells of it. What there is to say is said on that
/// thread: one that writes the log could be the last that the system has, which a task needs.
fn start_and_reap(mut command: Command, why: Arc<Mutex<Why>>) -> io::Result<Receiver<()>> {
    let (started, child) = channel::<io::Result<Child>>();
    let (ended, heard) = channel();
    // The log may be one thread's alone.
    let dispatch = dispatcher::get_default(Dispatch::clone);
    let wait = move || {
        match child.recv() {
            Ok(Ok(mut child)) => {
                let status = child.wait();
                // Not locked while it is told, which may take long.
                let why = *why.lock();
                match why {
                    Why::Unknown => tell_of_end(status),
                    Why::Dismissed => {}
                    Why::NoRoom => tell_of_none(&no_process_left()),
                }
            }
            Ok(Err(err)) => tell_of_none(&err),
            Err(_) => {}
        }
        // Nobody listens where the program does not end.
        ended.send(()).ok();
    };
    // The thread comes first: without one the guardian would be a zombie from its end to that of the host.
    let thread = thread::Builder::new().name("plugin-guardian".to_owned());
    let thread = thread.spawn(move || dispatcher::with_default(&dispatch, wait));
    if let Err(err) = thread {
        let reason = io::Error::new(err.kind(), err.to_string());
        log_thread::say(move || tell_of_none(&reason));
        return Err(err);
    }
    let child = command.spawn();
    let failed = child.as_ref().err().map(ToString::to_string);
    // The thread waits for it.
    let _ = started.send(child);
    match failed {
        Some(reason) => {
            let _ = heard.recv_timeout(DISMISSAL);
            Err(io::Error::other(reason))
        }
        None => Ok(heard),
    }
}

fn tell_of_end(status: io::Result<ExitStatus>) {
    let how = match status {
        Ok(status) => status.to_string(),
        Err(err) => err.to_string(),
    };
    warn!(
        "the guardian of this program has ended ({how}): tasks go on, and will outlive this program if \
         it is killed"
    );
}

/// Says once that there is no guardian.
fn tell_of_none(err: &io::Error) {
    static TOLD: AtomicBool = AtomicBool::new(false);
    if TOLD.swap(true, Ordering::Relaxed) {
        return;
    }
    let reason = explain(err, "run it");
    warn!(
        "tasks will outlive this program if it is killed: the guardian that would end them cannot run: \
         {reason}"
    );
}

/// The system's error where a user may have no more processes and threads.
fn no_process_left() -> io::Error {
    io::Error::from_raw_os_error(libc::EAGAIN)
}
