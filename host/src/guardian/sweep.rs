//! What a guardian does when the host is gone: it kills the groups and removes the files of the table.

use std::fs::{self, File};

use solti_plugin_abi::guardian::{Group, Record, since_start};
use solti_plugin_abi::process::kill_group_of;

use super::processes::Process;
use super::table;

/// How often the processes of a group without a leader are looked at: they start others meanwhile.
const ROUNDS: usize = 100;

/// Ends all that is in the table. `session` was the host's.
pub(super) fn sweep(table: &File, session: Option<u32>) {
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

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::os::unix::process::CommandExt as _;
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    use solti_plugin_abi::process::Stat;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    /// Starts a script as the leader of a group, and tells when.
    fn start(script: &str) -> (std::process::Child, Group) {
        let not_before = since_start();
        let child = Command::new("sh")
            .args(["-c", script])
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let group = Group {
            leader: child.id(),
            not_before,
            not_after: since_start(),
            with_strays: false,
        };
        (child, group)
    }

    fn lives(number: u32) -> bool {
        Stat::of(number).is_some_and(|stat| stat.runs())
    }

    fn wait_until_gone(number: u32) {
        let began = Instant::now();
        while lives(number) {
            assert!(began.elapsed() < Duration::from_secs(20), "it lives on");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_process_that_has_the_number_of_one_that_is_gone_is_left_alone() {
        let (mut child, group) = start("exec sleep 600");
        let (before, after) = (group.not_before, group.not_after);
        for (not_before, not_after) in [
            (before - 20 * SECOND, after - 10 * SECOND),
            (before + 10 * SECOND, after + 20 * SECOND),
            (u64::MAX, 0),
        ] {
            let others = Group {
                not_before,
                not_after,
                ..group
            };
            end(&others, Some(group.leader), since_start());
        }
        std::thread::sleep(Duration::from_millis(50));
        assert!(child.try_wait().unwrap().is_none());
        end(&group, None, since_start());
        wait_until_gone(group.leader);
        child.wait().unwrap();
    }

    #[test]
    fn what_is_in_a_group_of_the_same_number_later_or_elsewhere_is_left_alone() {
        let (mut child, group) = start("sleep 600 >/dev/null & echo $!");
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let left: u32 = line.trim().parse().unwrap();
        child.wait().unwrap();
        let session = Stat::of(std::process::id()).unwrap().session;
        let (mut early, mut late) = (group, group);
        early.not_before -= 20 * SECOND;
        late.not_before += 10 * SECOND;
        let seen = since_start();
        // Of another session; began after the host was gone; began before the group did.
        end(&group, Some(session + 1), seen);
        end(&group, None, seen);
        end(&early, Some(session), group.not_before - 10 * SECOND);
        end(&late, Some(session), seen + 20 * SECOND);
        std::thread::sleep(Duration::from_millis(50));
        assert!(lives(left));
        end(&group, Some(session), seen);
        wait_until_gone(left);
    }

    #[test]
    fn files_go_and_neither_directories_nor_what_a_link_leads_to() {
        let directory = tempfile::tempdir().unwrap();
        let [kept, file, link, folder] =
            ["kept", "file", "link", "folder"].map(|name| directory.path().join(name));
        fs::write(&kept, "").unwrap();
        fs::write(&file, "").unwrap();
        std::os::unix::fs::symlink(&kept, &link).unwrap();
        fs::create_dir(&folder).unwrap();
        let table = tempfile::tempfile().unwrap();
        for (slot, path) in [&file, &link, &folder].into_iter().enumerate() {
            let bytes = Record::File(path.clone()).to_bytes().unwrap();
            let offset = (slot * solti_plugin_abi::guardian::SLOT_BYTES) as u64;
            std::os::unix::fs::FileExt::write_all_at(&table, &bytes, offset).unwrap();
        }
        sweep(&table, None);
        assert!(kept.exists() && folder.exists());
        assert!(!file.exists() && !link.exists());
    }
}
