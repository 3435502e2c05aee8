//! A host that is killed: what it has started goes with it, and so do its temporary files.

use std::fs;
use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e::process::runs;
use rustix::process::{Pid, Signal, getpgid, getsid, kill_process};
use serde_json::{Value, json};

use crate::{Place, Running, SOON, shell, shown};

/// How long anything of a killed host may be there.
const AFTERWARDS: Duration = Duration::from_secs(2);

/// What a task prints of its processes: itself, which takes no SIGTERM, one of its group, and one that has
/// left the group; all of them sleep.
const FAMILY: &str = "trap '' TERM; sleep 611 & a=$!; setsid sleep 612 & b=$!; \
                      (trap '' TERM; echo $$ $a $b; exec sleep 613)";

/// What a task prints of itself whose leader goes, and leaves one behind that holds the output.
const WITHOUT_LEADER: &str = "sleep 614 & echo $!; exit 0";

fn until(what: &str, limit: Duration, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < limit, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn pid(number: u32) -> Pid {
    Pid::from_raw(number.cast_signed()).unwrap()
}

/// Processes of the name that guardians have, whose host is this one, those that have ended included.
fn guardians_of(host: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{host}/task")).unwrap();
    let children = threads.map(|thread| {
        let children = thread.unwrap().path().join("children");
        fs::read_to_string(children).unwrap_or_default()
    });
    let children = children.collect::<String>();
    let children = children.split_whitespace().map(|it| it.parse().unwrap());
    children
        .filter(|child| {
            let name = fs::read_to_string(format!("/proc/{child}/comm"));
            name.is_ok_and(|name| name == "solti-guardian\n")
        })
        .collect()
}

/// The one guardian of a host that runs a task, once it is at work.
fn guardian_of(host: u32) -> u32 {
    until("there is a guardian", SOON, || {
        let guardians = guardians_of(host);
        guardians.len() == 1 && descriptors(guardians[0]).contains(&"anon_inode:[pidfd]".to_owned())
    });
    guardians_of(host)[0]
}

/// What the descriptors of a process lead to.
fn descriptors(process: u32) -> Vec<String> {
    let entries = fs::read_dir(format!("/proc/{process}/fd")).unwrap();
    let links = entries.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
    links.map(shown).collect()
}

/// The numbers in a line of output, behind the name of its task.
fn numbers(line: &str) -> Vec<u32> {
    let words = line.rsplit("│ ").next().unwrap().split(' ');
    words.map(|word| word.parse().unwrap()).collect()
}

/// Starts a host, and returns it with the processes that its task has told.
fn started(command: &mut Command) -> (Running, Vec<u32>) {
    let running = Running::start(command);
    let line = running.line();
    (running, numbers(&line))
}

/// Kills a host; afterwards neither these processes nor the guardian are there.
fn kill(mut running: Running, processes: &[u32]) {
    let guardian = guardian_of(running.child.id());
    assert!(processes.iter().all(|it| runs(*it)), "{processes:?}");
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    for process in processes.iter().chain([&guardian]) {
        let what = format!("{process} of {processes:?} and {guardian} outlives the host");
        until(&what, AFTERWARDS, || !runs(*process));
    }
}

#[test]
fn no_process_of_a_task_outlives_a_host_that_is_killed() {
    let place = Place::with(&["subprocess"]);
    let specs = place.file("specs.json", shell("a", FAMILY));
    for command in [
        &mut place.run(&[&specs]),
        &mut place.exec(&["--", "sh", "-c", FAMILY]),
    ] {
        let (running, processes) = started(command);
        assert_eq!(processes.len(), 3);
        kill(running, &processes);
    }
}

#[test]
fn what_is_left_of_a_group_whose_leader_has_ended_goes_with_the_host() {
    let place = Place::with(&["subprocess"]);
    let linger = ["--config", "subprocess.linger_ms=60000"];
    let specs = place.file("specs.json", shell("a", WITHOUT_LEADER));
    let (running, processes) = started(place.run(&[&specs]).args(linger));
    // The leader is a zombie now: its number is kept until it is waited for.
    std::thread::sleep(Duration::from_millis(300));
    kill(running, &processes);
}

#[test]
fn a_host_that_ends_itself_by_a_fatal_signal_takes_its_tasks_along() {
    for signal in [Signal::SEGV, Signal::ABORT, Signal::SYS] {
        let place = Place::with(&["subprocess"]);
        let exec = place.exec(&["--", "sh", "-c", FAMILY]);
        let mut limited = Command::new("sh");
        limited.args(["-c", "ulimit -c 0; exec \"$@\"", "sh"]);
        limited.arg(exec.get_program()).args(exec.get_args());
        limited.env_remove("RUST_LOG");
        let (mut running, processes) = started(&mut limited);
        let guardian = guardian_of(running.child.id());
        kill_process(pid(running.child.id()), signal).unwrap();
        running.child.wait().unwrap();
        for process in processes.iter().chain([&guardian]) {
            until("it outlives the host", AFTERWARDS, || !runs(*process));
        }
    }
}

/// A spec whose script is written to a file, and prints its name.
fn script(slot: &str) -> Value {
    let body = STANDARD.encode("echo $$; sleep 615");
    let mode = json!({ "script": { "runtime": "bash", "body": body, "args": [] } });
    json!({ "slot": slot, "timeout": 60_000, "kind": { "subprocess": { "mode": mode } } })
}

#[test]
fn no_script_stays_in_the_temporary_directory() {
    let place = Place::with(&["subprocess"]);
    let specs = place.file("specs.json", json!([script("a"), script("b")]));
    let temporary = tempfile::tempdir().unwrap();
    let files = || fs::read_dir(temporary.path()).unwrap().count();
    let running = Running::start(place.run(&[&specs]).env("TMPDIR", temporary.path()));
    let processes = [running.line(), running.line()].map(|line| numbers(&line)[0]);
    assert_eq!(files(), 2);
    kill(running, &processes);
    until("a script stays behind", AFTERWARDS, || files() == 0);
}

#[test]
fn a_host_that_ends_leaves_no_guardian_and_has_none_where_nothing_is_started() {
    let place = Place::with(&["subprocess"]);
    let mut running = Running::start(&mut place.run(&["-"]));
    // It has loaded its plugins when it takes a spec that it does not like.
    assert!(guardians_of(running.child.id()).is_empty());
    running.submit(&shell("a", "echo begun; sleep 0.3"));
    running.line();
    let guardian = guardian_of(running.child.id());
    let (code, stderr) = running.end();
    assert_eq!(code, Some(0), "{stderr}");
    assert!(!stderr.contains("guardian"), "{stderr}");
    // Not even as a zombie: the host itself has waited for it.
    until("the guardian stays", AFTERWARDS, || {
        !Path::new(&format!("/proc/{guardian}")).exists()
    });
}

#[test]
fn a_guardian_that_someone_kills_is_told_once_and_no_task_minds() {
    let place = Place::with(&["subprocess"]);
    let mut running = Running::start(&mut place.run(&["-"]));
    running.submit(&shell("a", "echo begun; sleep 0.5; echo done"));
    running.line();
    let guardian = guardian_of(running.child.id());
    kill_process(pid(guardian), Signal::KILL).unwrap();
    until("it is a zombie", SOON, || {
        !Path::new(&format!("/proc/{guardian}")).exists()
    });
    assert_eq!(running.line(), "a │ done");
    running.submit(&shell("b", "echo second"));
    assert_eq!(running.line(), "b │ second");
    let (code, stderr) = running.end();
    assert_eq!(code, Some(0), "{stderr}");
    let told = "the guardian of this program has ended (signal: 9 (SIGKILL)): tasks go on, and will \
                outlive this program if it is killed\n";
    assert_eq!(stderr.matches(told).count(), 1, "{stderr}");
    assert_eq!(stderr.matches("guardian of this").count(), 1, "{stderr}");
}

#[test]
fn a_guardian_holds_nothing_of_its_host_and_minds_no_terminal() {
    let place = Place::with(&["subprocess"]);
    let exec = place.exec(&["--", "sh", "-c", "echo $$; sleep 616"]);
    // A descriptor that a shell leaves open for all that is started.
    let mut shell = Command::new("bash");
    shell.args(["-c", "exec 7>&1; exec \"$@\"", "bash"]);
    shell.arg(exec.get_program()).args(exec.get_args());
    // As a shell starts it: where the group is of another PID namespace no guardian can leave its own.
    shell.env_remove("RUST_LOG").process_group(0);
    let (running, processes) = started(&mut shell);
    let (host, guardian) = (running.child.id(), guardian_of(running.child.id()));
    let link = |path: &str| fs::read_link(format!("/proc/{guardian}/{path}")).unwrap();
    assert_eq!(link("cwd"), Path::new("/"));
    let theirs = [1, 2, 7].map(|it| shown(fs::read_link(format!("/proc/{host}/fd/{it}")).unwrap()));
    let known = [
        "pipe:[",
        "/memfd:solti:guardian",
        "/dev/null",
        "anon_inode:[pidfd]",
    ];
    let found = descriptors(guardian);
    for descriptor in &found {
        assert!(
            known.iter().any(|it| descriptor.starts_with(it)),
            "{found:?}"
        );
        assert!(!theirs.contains(descriptor), "{found:?} {theirs:?}");
    }
    let environment = fs::read_to_string(format!("/proc/{guardian}/environ")).unwrap();
    let mut variables = environment.split_terminator('\0');
    // Where its libraries are, as far as the host was told that.
    assert!(
        variables.all(|it| it.starts_with("LD_LIBRARY_PATH=")),
        "{environment:?}"
    );
    // What a terminal sends goes to a group, or to a session.
    assert_eq!(getsid(Some(pid(guardian))).unwrap(), pid(guardian));
    assert_ne!(
        getpgid(Some(pid(guardian))).unwrap(),
        getpgid(Some(pid(host))).unwrap()
    );
    for signal in [
        Signal::INT,
        Signal::HUP,
        Signal::QUIT,
        Signal::TERM,
        Signal::TSTP,
        Signal::TTIN,
    ] {
        kill_process(pid(guardian), signal).unwrap();
    }
    std::thread::sleep(Duration::from_millis(50));
    let stat = fs::read_to_string(format!("/proc/{guardian}/stat")).unwrap();
    assert!(stat.contains(") S "), "{stat}");
    kill(running, &processes);
}

/// A reader of the host's output is told of its end by the end of the pipe.
#[test]
fn a_pipe_from_a_host_ends_with_it() {
    let place = Place::with(&["subprocess"]);
    let mut host = place
        .exec(&[
            "--",
            "sh",
            "-c",
            "echo begun; exec sleep 617 >/dev/null 2>&1",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdout = host.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 6]).unwrap();
    // A guardian that is stopped still holds whatever it holds.
    let guardian = guardian_of(host.id());
    kill_process(pid(guardian), Signal::STOP).unwrap();
    host.kill().unwrap();
    host.wait().unwrap();
    let (ended, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || ended.send(stdout.read_to_end(&mut Vec::new()).is_ok()));
    let heard = heard.recv_timeout(AFTERWARDS);
    kill_process(pid(guardian), Signal::CONT).unwrap();
    assert_eq!(heard, Ok(true));
    until("the guardian stays", AFTERWARDS, || !runs(guardian));
}

/// As where a container or a sandbox is entered: the session and the group of whoever did it have no number
/// there.
#[test]
fn a_host_whose_session_is_of_another_namespace_is_guarded_too() {
    const KILL: &str = "\"$@\" > out 2> err & \
                        until grep -q begun out; do sleep 0.01; done; \
                        sleep 0.3; kill -9 $!; sleep 1; \
                        cat err; grep -lx marked /proc/[0-9]*/comm | wc -l";
    let place = Place::with(&["subprocess"]);
    let marked = place.directory.path().join("marked");
    fs::copy("/bin/sleep", &marked).unwrap();
    // One in the group of the task, one whose leader is gone, and one that has left the group.
    let task = "setsid ./marked 619 & (./marked 619 &) ; echo begun; ./marked 619";
    let exec = place.exec(&["--", "sh", "-c", task]);
    let mut inside = Command::new("sh");
    inside.args(["-c", KILL, "sh"]);
    inside.arg(exec.get_program()).args(exec.get_args());
    let Some(mut inside) = crate::init::as_process_one(&inside) else {
        return;
    };
    let ended = crate::end(inside.current_dir(place.directory.path()));
    assert_eq!(ended.stdout, "0\n", "{ended:?}");
}

/// Kills hosts that start processes as quickly as they can, and so in the midst of it.
#[test]
fn a_process_that_was_being_started_is_found() {
    let place = Place::with(&["subprocess"]);
    let marked = place.directory.path().join("marked");
    fs::copy("/bin/sleep", &marked).unwrap();
    let tasks: Vec<_> = (0..200)
        .map(|task| crate::command(&format!("t{task}"), &shown(&marked), &["618"]))
        .collect();
    let specs = place.file("specs.json", Value::from(tasks));
    for round in 0..e2e::times(4, 60) {
        let mut host = place
            .run(&["--jobs", "200", &specs])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until("it starts nothing", SOON, || !running(&marked).is_empty());
        std::thread::sleep(Duration::from_millis(7 * round as u64 % 90));
        let before = running(&marked).len();
        host.kill().unwrap();
        host.wait().unwrap();
        let what = format!("of {before} processes some are left in round {round}");
        until(&what, AFTERWARDS, || running(&marked).is_empty());
    }
}

/// The processes that run this program.
fn running(program: &PathBuf) -> Vec<String> {
    let entries = fs::read_dir("/proc").unwrap();
    let all = entries.map(|entry| entry.unwrap().path());
    all.filter(|it| fs::read_link(it.join("exe")).is_ok_and(|exe| exe == *program))
        .map(shown)
        .collect()
}

/// As an ordinary user who may have no more than a few processes and threads.
#[test]
fn a_guardian_takes_no_process_away_from_a_task() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::with(&["subprocess"]);
    for directory in [place.directory.path(), &place.plugins()] {
        fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).unwrap();
    }
    // Where it was built may be nobody's business but the builder's.
    let host = place.directory.path().join("solti-host");
    fs::copy(e2e::solti_host(), &host).unwrap();
    // Nobody else is this user.
    let user = 700_000 + std::process::id() % 100_000;
    let as_user = |limit: u32| {
        let mut as_user = Command::new("setpriv");
        as_user.args([&format!("--reuid={user}"), "--clear-groups", "prlimit"]);
        as_user.arg(format!("--nproc={limit}")).arg(&host);
        as_user.env_remove("RUST_LOG").stdin(Stdio::null());
        as_user
    };
    let able = as_user(64).arg("--version").output();
    if !able.is_ok_and(|output| output.status.success()) {
        return e2e::skip("this user cannot become another one (setpriv)");
    }
    let plugins = shown(place.plugins());
    let words = ["exec", "--no-probe", "--plugins", &plugins, "--", "true"];
    let processors = std::thread::available_parallelism().map_or(1, |count| count.get() as u32);
    let (mut without, mut least) = (0, None);
    for limit in processors..processors + 40 {
        let output = as_user(limit).args(words).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        let told = "the guardian that would end them cannot run: Resource temporarily unavailable";
        match (output.status.success(), stderr.matches(told).count()) {
            // There is no room for the task itself.
            (false, _) => assert_eq!(least, None, "{limit}: {stderr}"),
            (true, 1) => {
                least.get_or_insert(limit);
                without += 1;
            }
            // From here on there is room for all.
            (true, 0) => {
                assert!(without > 0, "{limit}");
                return;
            }
            (true, _) => panic!("{stderr}"),
        }
    }
    panic!("no limit has room for a guardian; {without} have none");
}
