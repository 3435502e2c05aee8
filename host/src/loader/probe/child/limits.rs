//! The limits that a probe sets itself before anything of a plugin runs in it.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::loader::probe::wire::Request;

/// Has the system kill this process when the host ends.
pub(super) fn end_with_parent() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Signal, set_parent_process_death_signal};
        // Without it the limits below still end the process.
        set_parent_process_death_signal(Some(Signal::KILL)).ok();
    }
}

/// Sets the limits; none is raised. What a plugin may open is as much as in the host: one that opens many
/// files would be refused for a limit that nobody has set.
pub(super) fn set(request: &Request) -> io::Result<()> {
    lower(Resource::Core, 0, 0)?;
    // At the first the system sends SIGXCPU, at the second SIGKILL, which has no name of its own.
    let secs = request.cpu_secs;
    lower(Resource::Cpu, secs, secs.saturating_add(1))?;
    // Not every system has this one.
    lower(Resource::As, request.memory, request.memory).ok();
    Ok(())
}

fn lower(resource: Resource, current: u64, maximum: u64) -> io::Result<()> {
    let now = getrlimit(resource);
    let lower = |now: Option<u64>, to: u64| Some(now.map_or(to, |now| now.min(to)));
    let limit = Rlimit {
        current: lower(now.current, current),
        maximum: lower(now.maximum, maximum),
    };
    Ok(setrlimit(resource, limit)?)
}
