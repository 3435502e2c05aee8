//! Output that is too much: bounded memory, nothing lost that its writer can wait with, what is lost
//! counted and named, and an end however the reader behaves.
//!
//! What must not grow runs with a limit on its address space: what the program maps at rest, and a
//! margin that a buffer without a bound would not fit in.

use std::io::{Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::{Place, SOON, command, shell, with};

/// What the program may map beyond what it maps at rest, in KiB.
const MARGIN: u64 = 160 << 10;

/// Each thread would reserve 64 MiB of address space for its arena, used or not.
const ONE_ARENA: (&str, &str) = ("MALLOC_ARENA_MAX", "1");

/// What the program maps at rest with the plugins of these tests, in KiB.
fn mapped_at_rest() -> u64 {
    static MAPPED: OnceLock<u64> = OnceLock::new();
    *MAPPED.get_or_init(|| {
        let place = place();
        let script = "sed -n 's/^VmPeak: *//p' /proc/$PPID/status";
        let specs = place.file("specs.json", running(shell("a", script)));
        let output = place
            .run(&["--json", &specs])
            .env(ONE_ARENA.0, ONE_ARENA.1)
            .output()
            .unwrap();
        let (events, _) = crate::objects(&String::from_utf8(output.stdout).unwrap());
        let line = events.iter().find_map(|event| event["line"].as_str());
        let kib = line.and_then(|line| line.split_whitespace().next());
        kib.unwrap_or_else(|| panic!("{events:?}")).parse().unwrap()
    })
}

/// A place with the plugin that runs commands alone: `exec` cannot choose one.
fn place_for_exec() -> Place {
    Place::with(&["subprocess"])
}

fn place() -> Place {
    Place::with(&["specimen", "subprocess"])
}

/// The same command with a limit on its address space.
fn limited(command: &Command) -> Command {
    let mut limited = Command::new("sh");
    let limit = mapped_at_rest() + MARGIN;
    limited
        .args(["-c", &format!("ulimit -v {limit}; exec \"$@\""), "sh"])
        .arg(command.get_program())
        .args(command.get_args())
        .env(ONE_ARENA.0, ONE_ARENA.1)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null());
    limited
}

/// A spec for the plugin that floods, and not for the one that runs commands.
fn flooding(slot: &str, behaviour: &str, args: &[&str]) -> Value {
    let selector = json!({ "runnerSelector": { "matchLabels": { "role": "specimen" } } });
    with(command(slot, behaviour, args), selector)
}

/// A spec for the plugin that runs commands.
fn running(spec: Value) -> Value {
    let no_flood = json!({ "key": "role", "operator": "DoesNotExist" });
    with(
        spec,
        json!({ "runnerSelector": { "matchExpressions": [no_flood] } }),
    )
}

/// A program whose standard output nobody reads yet; killed when the test ends before it.
struct Unread {
    child: Child,
    stderr: Option<std::thread::JoinHandle<String>>,
}

impl Unread {
    fn start(command: &Command) -> Self {
        let mut child = limited(command)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let stderr = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        Self {
            child,
            stderr: Some(stderr),
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Waits until the reader's pipe is full, which is when no more fits for a while.
    fn wait_until_full(&self) {
        let stdout = self.child.stdout.as_ref().unwrap();
        let began = Instant::now();
        let mut before = (0, Instant::now());
        while before.1.elapsed() < Duration::from_millis(300) || before.0 == 0 {
            let waits = rustix::io::ioctl_fionread(stdout).unwrap();
            if waits != before.0 {
                before = (waits, Instant::now());
            }
            assert!(began.elapsed() < SOON, "the pipe never fills");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What is read from standard output, all of it.
    fn read(&mut self) -> String {
        let mut text = String::new();
        let mut stdout = self.child.stdout.take().unwrap();
        stdout.read_to_string(&mut text).unwrap();
        text
    }

    /// Waits for the end; its status and its standard error.
    fn end(mut self) -> (ExitStatus, String) {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(began.elapsed() < SOON, "it ends soon");
            std::thread::sleep(Duration::from_millis(10));
        };
        let stderr = self.stderr.take().unwrap().join().unwrap();
        assert_eq!(status.signal(), None, "{stderr}");
        (status, stderr)
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What is said of a reader that takes nothing.
const NOT_TAKEN: &str =
    "warning: output was not taken: the reader of standard output takes nothing any more\n";

#[test]
fn a_limit_on_address_space_is_one_that_a_buffer_without_a_bound_would_meet() {
    let place = place();
    let megabytes = |count: u64| {
        let bytes = (count << 20).to_string();
        let spec = place.file("specs.json", flooding("a", "flood", &["1", &bytes]));
        limited(&place.run(&[&spec])).output().unwrap()
    };
    assert_eq!(megabytes(20).status.code(), Some(0));
    // The plugin's own line does not fit, nor would it into what was mapped for a moment at the start:
    // the images, which are larger than this in some builds.
    assert_eq!(megabytes(500).status.code(), None);
}

#[test]
fn a_command_whose_output_nobody_reads_ends_at_its_timeout() {
    let place = place_for_exec();
    let unread = Unread::start(&place.exec(&["--timeout", "1s", "--", "yes"]));
    let (status, stderr) = unread.end();
    assert!(stderr.contains("exec: timed out after 1s ("), "{stderr}");
    assert!(stderr.ends_with(NOT_TAKEN), "{stderr}");
    assert_eq!(status.code(), Some(124));
}

#[test]
fn tasks_whose_output_nobody_reads_wait_and_can_be_cancelled() {
    let place = place();
    let specs = json!([
        running(command("yes", "yes", &[])),
        running(shell("long", "head -c 100000000 /dev/zero; sleep 60")),
        flooding("flood", "flood", &["300000", "1000"]),
    ]);
    let specs = place.file("specs.json", specs);
    for (signal, json) in [(Signal::INT, false), (Signal::TERM, true)] {
        let summary = place.file("summary.json", "");
        let mut words = vec!["--summary", &summary, &specs];
        words.extend(json.then_some("--json"));
        let unread = Unread::start(&place.run(&words));
        unread.wait_until_full();
        unread.signal(signal);
        let (status, stderr) = unread.end();
        assert!(stderr.ends_with(NOT_TAKEN), "{stderr}");
        let told = "3 tasks: 1 succeeded, 2 cancelled\n";
        assert_eq!(stderr.contains(told), !json, "{stderr}");
        assert_eq!(status.code(), Some(128 + signal.as_raw()));
        let summary: Value =
            serde_json::from_str(&std::fs::read_to_string(&summary).unwrap()).unwrap();
        let outcomes: Vec<_> = (0..3).map(|at| &summary["tasks"][at]["outcome"]).collect();
        assert_eq!(outcomes, ["canceled", "canceled", "success"], "{summary}");
        assert!(
            summary["tasks"][2]["lost"].as_u64() > Some(200_000),
            "{summary}"
        );
        assert_eq!(summary["tasks"][0]["lost"], 0);
    }
}

#[test]
fn a_task_whose_output_nobody_reads_times_out_and_all_of_it_is_there_for_who_reads_later() {
    let place = place();
    let specs = with(
        running(command("a", "seq", &["10000000"])),
        json!({ "timeout": 1000 }),
    );
    let specs = place.file("specs.json", specs);
    let mut unread = Unread::start(&place.run(&["--json", &specs]));
    unread.wait_until_full();
    std::thread::sleep(Duration::from_millis(1500));
    let (events, summary) = crate::objects(&unread.read());
    assert_eq!(unread.end().0.code(), Some(1));
    assert_eq!(summary["tasks"][0]["outcome"], "timeout");
    let lines: Vec<_> = events.iter().filter(|it| it["type"] == "chunk").collect();
    for (at, line) in lines.iter().enumerate() {
        assert_eq!(line["seq"], at as u64);
    }
    // The last one may have been cut in the middle by the end of the process.
    let whole = lines.len() as u64;
    assert!(whole > 10_000, "{summary}");
    assert_eq!(
        (&summary["tasks"][0]["stdoutLines"], &summary["lost"]),
        (&json!(whole), &json!(0))
    );
}

/// Runs one spec with a limit, to a reader that begins late; returns what it took.
fn flood(behaviour: &str, args: &[&str]) -> (Vec<Value>, Value) {
    let place = place();
    let specs = place.file("specs.json", flooding("a", behaviour, args));
    let mut unread = Unread::start(&place.run(&["--json", &specs]));
    unread.wait_until_full();
    std::thread::sleep(Duration::from_millis(500));
    let (events, summary) = crate::objects(&unread.read());
    let (status, stderr) = unread.end();
    assert_eq!(status.code(), Some(0), "{stderr}");
    (events, summary)
}

/// Lines of a thousand bytes: a few hundred megabytes, or a gigabyte, at once.
fn many() -> u64 {
    e2e::times(300_000, 1_000_000) as u64
}

/// Checks that each of `lines` was either shown, with the number it was given, or counted as lost.
fn assert_counted(events: &[Value], summary: &Value, lines: u64) {
    let task = &summary["tasks"][0];
    let [out, err, lost] =
        ["stdoutLines", "stderrLines", "lost"].map(|field| task[field].as_u64().unwrap());
    assert_eq!(out + err + lost, lines, "{task}");
    assert_eq!(summary["lost"], lost);
    let sum = |of: &str, field: &str| -> u64 {
        let named = events.iter().filter(|event| event["type"] == of);
        named.map(|event| event[field].as_u64().unwrap_or(1)).sum()
    };
    assert_eq!(sum("chunk", "none"), out + err);
    assert_eq!(sum("lost", "lines"), lost);
    assert_eq!(sum("lost", "bytes"), lost * 1001);
    for stream in ["stdout", "stderr"] {
        let of = events.iter().filter(|event| event["stream"] == stream);
        let mut seen: Vec<u64> = of.filter_map(|event| event["seq"].as_u64()).collect();
        let shown = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), shown, "a number of {stream} is there twice");
    }
}

#[test]
fn a_plugin_that_pushes_a_gigabyte_and_waits_for_nobody_takes_no_memory_and_its_losses_are_named() {
    let (events, summary) = flood("flood", &[&many().to_string(), "1000"]);
    assert_counted(&events, &summary, many());
    assert!(summary["lost"].as_u64() > Some(0), "{summary}");
    // A line that is there is the one of its number.
    for event in events.iter().filter(|event| event["type"] == "chunk") {
        let line = event["line"].as_str().unwrap();
        assert_eq!(line.split('.').next().unwrap(), event["seq"].to_string());
        assert_eq!(line.len(), 1000);
    }
}

#[test]
fn what_is_lost_is_named_to_people_as_well() {
    let place = place();
    let specs = place.file("specs.json", flooding("a", "flood", &["100000", "1000"]));
    let mut unread = Unread::start(&place.run(&[&specs]));
    unread.wait_until_full();
    std::thread::sleep(Duration::from_millis(500));
    let shown = unread.read().lines().count();
    let (status, stderr) = unread.end();
    assert_eq!(status.code(), Some(0), "{stderr}");
    let why = "they came faster than they were taken, from a writer that did not wait";
    let noted = stderr.lines().filter_map(|line| {
        let (lost, _) = line.strip_prefix("a · ")?.split_once(" lines lost (")?;
        lost.replace(',', "").parse::<usize>().ok()
    });
    assert_eq!(noted.sum::<usize>() + shown, 100_000, "{stderr}");
    let all = stderr
        .lines()
        .find(|line| line.contains(" lines lost: "))
        .unwrap();
    let (lost, told) = all.split_once(" lines lost: ").unwrap();
    assert_eq!(lost.replace(',', ""), (100_000 - shown).to_string());
    assert_eq!(told, why);
}

#[test]
fn a_plugin_that_floods_both_streams_in_turn_or_from_many_threads_takes_no_memory() {
    for (behaviour, more) in [("flood-in-turn", "1"), ("flood-from-threads", "8")] {
        let (events, summary) = flood(behaviour, &[&many().to_string(), "1000", more]);
        assert_counted(&events, &summary, many());
        assert!(summary["lost"].as_u64() > Some(0), "{behaviour}: {summary}");
    }
    // Tiny ones in turn cannot share a block.
    let lines = e2e::times(1_000_000, 20_000_000).to_string();
    let (_, summary) = flood("flood-in-turn", &[&lines, "20"]);
    assert!(summary["lost"].as_u64() > Some(0), "{summary}");
}

#[test]
fn a_plugin_that_ends_its_streams_again_and_again_takes_no_memory() {
    let ends = e2e::times(1_000_000, 10_000_000).to_string();
    let (_, summary) = flood("flood-ends", &[&ends]);
    let task = &summary["tasks"][0];
    let [out, err, lost] =
        ["stdoutLines", "stderrLines", "lost"].map(|field| task[field].as_u64().unwrap());
    assert!(out > 0 && err > 0 && lost > 0, "{task}");
}

#[test]
fn a_plugin_that_pushes_many_megabytes_at_a_time_takes_no_memory() {
    // Each of them fits an empty tap; sixteen would not fit the limit.
    let bytes = (24_u64 << 20).to_string();
    let (events, summary) = flood("flood", &["16", &bytes]);
    let whole = events
        .iter()
        .filter(|event| event["type"] == "chunk" && event["more"] != true);
    let task = &summary["tasks"][0];
    assert_eq!(task["stdoutLines"], whole.count());
    let lost = task["lost"].as_u64().unwrap();
    assert_eq!(task["stdoutLines"].as_u64().unwrap() + lost, 16);
}

#[test]
fn a_plugin_that_pushes_after_its_end_is_heard_and_takes_no_memory() {
    let place = place();
    let specs = place.file(
        "specs.json",
        flooding("a", "flood-late", &["100000", "1000"]),
    );
    let mut unread = Unread::start(&place.run(&["--json", &specs]));
    std::thread::sleep(Duration::from_millis(1500));
    let (events, summary) = crate::objects(&unread.read());
    let (status, stderr) = unread.end();
    assert_eq!(status.code(), Some(0), "{stderr}");
    assert_counted(&events, &summary, 100_000);
    assert!(summary["tasks"][0]["stdoutLines"].as_u64() > Some(0));
}

#[test]
fn a_plugin_that_never_stops_pushing_after_its_end_keeps_no_program() {
    let place = place();
    let specs = place.file(
        "specs.json",
        flooding("a", "flood-late", &["1000000000000", "1000"]),
    );
    let mut unread = Unread::start(&place.run(&[&specs]));
    let mut stdout = unread.child.stdout.take().unwrap();
    let read =
        std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()).unwrap());
    let (status, stderr) = unread.end();
    assert_eq!(status.code(), Some(0), "{stderr}");
    assert!(read.join().unwrap() > 0);
}

#[test]
fn eight_commands_at_once_lose_nothing_to_a_slow_reader_and_take_little_memory() {
    let place = place();
    let lines = e2e::times(50_000, 1_000_000) as u64;
    let specs: Vec<_> = (0..8)
        .map(|slot| running(command(&format!("s{slot}"), "seq", &[&lines.to_string()])))
        .collect();
    let specs = place.file("specs.json", json!(specs));
    let summary = place.file("summary.json", "");
    let mut unread = Unread::start(&place.run(&["--summary", &summary, &specs]));
    unread.wait_until_full();
    let mut stdout = unread.child.stdout.take().unwrap();
    let mut next = [1_u64; 8];
    let mut buffer = vec![0; 64 << 10];
    let mut rest = Vec::new();
    loop {
        let read = stdout.read(&mut buffer).unwrap();
        if read == 0 {
            break;
        }
        rest.extend_from_slice(&buffer[..read]);
        let end = rest
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        for line in std::str::from_utf8(&rest[..end]).unwrap().lines() {
            let (slot, number) = line[1..].split_once(" │ ").unwrap();
            let next = &mut next[slot.parse::<usize>().unwrap()];
            assert_eq!(number, next.to_string());
            *next += 1;
        }
        rest.drain(..end);
        std::thread::sleep(Duration::from_micros(200));
    }
    assert_eq!(next, [lines + 1; 8]);
    assert_eq!(unread.end().0.code(), Some(0));
    let summary: Value = serde_json::from_str(&std::fs::read_to_string(summary).unwrap()).unwrap();
    assert_eq!(summary["lost"], 0);
}

#[test]
fn bytes_of_any_kind_come_out_as_they_are_within_the_same_memory() {
    let place = place_for_exec();
    let random = place.directory.path().join("random");
    let long = place.directory.path().join("long");
    let bytes = |megabytes: usize| {
        let mut state = 1_u64;
        let mut bytes = Vec::with_capacity(megabytes << 20);
        while bytes.len() < megabytes << 20 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            bytes.extend_from_slice(&(state >> 8).to_le_bytes()[..7]);
        }
        bytes
    };
    let mut file = std::fs::File::create(&random).unwrap();
    let part = bytes(20);
    for _ in 0..e2e::times(1, 50) {
        file.write_all(&part).unwrap();
    }
    // A line longer than all the memory the program may take beyond what it has at rest.
    let mut file = std::fs::File::create(&long).unwrap();
    for _ in 0..200 {
        file.write_all(&vec![b'x'; 1 << 20]).unwrap();
    }
    for path in [&random, &long] {
        let mut host = limited(&place.exec(&["--", "cat", path.to_str().unwrap()]))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let compared = Command::new("cmp")
            .arg("-")
            .arg(path)
            .stdin(host.stdout.take().unwrap())
            .output()
            .unwrap();
        assert!(compared.status.success(), "{compared:?}");
        assert_eq!(host.wait().unwrap().code(), Some(0));
    }
    // As JSON it comes in parts.
    let specs = command("a", "cat", &[long.to_str().unwrap()]);
    let specs = place.file("specs.json", specs);
    let mut unread = Unread::start(&place.run(&["--json", &specs]));
    let (events, summary) = crate::objects(&unread.read());
    assert_eq!(unread.end().0.code(), Some(0));
    let parts = events.iter().filter(|event| event["type"] == "chunk");
    let length: usize = parts.map(|part| part["line"].as_str().unwrap().len()).sum();
    assert_eq!(length, 200 << 20);
    assert_eq!(summary["tasks"][0]["stdoutLines"], 1);
}

/// Ends the threads that keep the machine busy.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn no_line_is_lost_to_a_reader_that_sleeps_on_a_busy_machine() {
    let place = place_for_exec();
    let lines = e2e::times(1_000_000, 10_000_000);
    let asleep = Duration::from_secs(e2e::times(1, 3) as u64);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // However this ends.
        let _done = Done(&done);
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        let mut unread = Unread::start(&place.exec(&["--", "seq", &lines.to_string()]));
        std::thread::sleep(asleep);
        let text = unread.read();
        let ended = unread.end();
        let expected = (1..=lines).map(|line| line.to_string());
        assert!(text.lines().eq(expected), "{} bytes", text.len());
        assert_eq!(ended.0.code(), Some(0), "{}", ended.1);
    });
}

#[test]
fn an_output_that_takes_nothing_is_named_and_the_run_still_told() {
    let place = place_for_exec();
    let specs = json!([
        running(shell("a", "echo x")),
        running(shell("b", "sleep 0.2; exit 3"))
    ]);
    let specs = place.file("specs.json", specs);
    let full = || {
        std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .unwrap()
    };
    let error = "error: standard output: No space left on device (os error 28)\n";
    for json in [false, true] {
        let summary = place.file("summary.json", "");
        let mut words = vec!["--summary", &summary, &specs];
        words.extend(json.then_some("--json"));
        let ended = place.run(&words).stdout(full()).output().unwrap();
        let stderr = String::from_utf8(ended.stderr).unwrap();
        assert!(stderr.contains(error), "{stderr}");
        assert_eq!(ended.status.code(), Some(1));
        let summary = std::fs::read_to_string(&summary).unwrap();
        let summary: Value = serde_json::from_str(&summary).unwrap();
        assert_eq!(summary["tasks"][0]["outcome"], "success", "{summary}");
        // Nor does it end what runs.
        assert_eq!(summary["tasks"][1]["exitCode"], 3, "{summary}");
    }
    for (script, code) in [("echo x", 125), ("echo x; sleep 0.2; exit 7", 7)] {
        let mut exec = place.exec(&["--", "sh", "-c", script]);
        let ended = exec.stdout(full()).output().unwrap();
        let stderr = String::from_utf8(ended.stderr).unwrap();
        assert!(stderr.contains(error), "{stderr}");
        assert_eq!(ended.status.code(), Some(code));
    }
}
