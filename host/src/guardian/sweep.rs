//! What a guardian does when the host is gone: it kills the groups and removes the files of the table.

use std::fs::{self, File};

use rustix::process::Pid;
use solti_plugin_abi::guardian::{Group, Record, since_start};
use solti_plugin_abi::process::kill_group_of;

use super::processes::Process;
use super::table;

/// How often the processes of a group without a leader are looked at: they start others meanwhile.
const ROUNDS: usize = 100;

/// Ends all that is in the table. `session` was the host's.
pub(super) fn sweep(table: &File, session: Option<Pid>) {
    let session = session.map(|session| session.as_raw_nonzero().get().cast_unsigned());
    // Nothing that began later can be the host's.
    let seen = since_start();
    let records = table::read(table);
    let mut pipes = Vec::new();
    for record in &records {
        match record {
            Record::Group(group) => end(group, session, seen),
            Record::Starting { pipe } => pipes.push(*pipe),
            Record::File(_) => {}
        }
    }
    if !pipes.is_empty() {
        end_writers(&pipes);
    }
    for record in records {
        if let Record::File(path) = record {
            // What is no file, or gone, stays so.
            let _ = fs::remove_file(path);
        }
    }
}

fn end(group: &Group, session: Option<u32>, seen: u64) {
    match Process::find(group.leader) {
        Some(leader) if leader.began_within(group.not_before, group.not_after) => {
            kill_group_of(group.leader, group.with_strays);
        }
        // Another has the number, which it gets only when nobody of the group is left.
        Some(_) => {}
        None => end_rest(group, session, seen),
    }
}

/// Ends what is left of a group whose leader has ended.
fn end_rest(group: &Group, session: Option<u32>, seen: u64) {
    for _ in 0..ROUNDS {
        let mut found = false;
        for process in Process::all() {
            // Of another group with the number, which was free meanwhile, none is in the session and as
            // old.
            let is_of_group = process.group == group.leader
                && (process.session == group.leader || Some(process.session) == session)
                && process.began_within(group.not_before, seen);
            found |= is_of_group && process.kill();
        }
        if !found {
            return;
        }
    }
}

/// Ends processes that write to one of these pipes, and what belongs to them: they had been started, and
/// the host was gone before it could say so.
fn end_writers(pipes: &[u64]) {
    for process in Process::all() {
        let writes = process.pipes().iter().any(|pipe| pipes.contains(pipe));
        if writes && process.group == process.number {
            kill_group_of(process.number, true);
        } else if writes {
            process.kill();
        }
    }
}
