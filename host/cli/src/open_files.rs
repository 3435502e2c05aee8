//! The limit on open files: raised for this program, which holds the output of every task, and left as
//! it was given for what it starts.

use std::fs;
use std::sync::OnceLock;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The limit that the program was given.
static GIVEN: OnceLock<Option<u64>> = OnceLock::new();

/// What a task holds while it runs: its two streams, and its end.
const OF_A_TASK: u64 = 3;

/// What is left alone for everything else: plugins, files, and the starting of a few tasks at once.
const RESERVED: u64 = 64;

/// Raises the limit as far as this user may.
pub(crate) fn raise() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    GIVEN.get_or_init(|| current);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    // Where that is refused the limit is what it was.
    let _ = setrlimit(Resource::Nofile, raised);
}

/// The limit that the program was given, which is that of the programs it starts; `None` where there is
/// none, or it has not been raised.
pub(crate) fn given() -> Option<u64> {
    let given = *GIVEN.get()?;
    given.filter(|given| limit() != Some(*given))
}

/// The limit; `None` where there is none.
pub(crate) fn limit() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// How many tasks may run at the same time, beside what is open by now; at least one.
pub(crate) fn room_for_tasks() -> usize {
    // Where the system does not tell, there are about as many as this.
    let open = fs::read_dir("/dev/fd").map_or(RESERVED, |open| open.count() as u64);
    room(limit(), open)
}

fn room(limit: Option<u64>, open: u64) -> usize {
    let Some(limit) = limit else {
        return usize::MAX;
    };
    let room = limit.saturating_sub(open + RESERVED) / OF_A_TASK;
    usize::try_from(room).unwrap_or(usize::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_as_many_tasks_as_there_are_descriptors_for() {
        assert_eq!(room(Some(1024), 60), 300);
        assert_eq!(room(Some(20), 10), 1);
        assert_eq!(room(None, 10), usize::MAX);
    }
}
