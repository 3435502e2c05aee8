//! The process of one rule, from the outside: it is started, watched, ended and cleaned up after.

use std::io::{self, Read, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use parking_lot::Mutex;
use rustix::process::{Pid, Signal, getpid, kill_process, kill_process_group, set_child_subreaper};
use solti_plugin_host::probe::{PROBE_VARIABLE, own_program};
use solti_plugin_host::text::one_line;

use super::place::is_place;
use super::request::Request;
use super::verdict::Verdict;

/// The first argument of a program that is started to try a rule.
pub(super) const ARGUMENT: &str = "--solti-conform-rule";

/// By this variable everything that a rule has started is found again.
const MARK: &str = "SOLTI_CONFORM";

/// The thread that waits for the end of the one that tries the plugin.
pub(super) const END: &str = "conform-end";

/// How often a process is looked at.
const SLICE: Duration = Duration::from_millis(5);

/// How much of what was printed is kept, in bytes.
const PRINTED: usize = 1 << 16;

/// How long the last lines may take to come.
const LAST_LINES: Duration = Duration::from_millis(200);

/// How a process ended.
enum End {
    Itself(ExitStatus),
    OutOfTime,
}

/// Has what this process's children leave behind become its own children.
pub(super) fn become_subreaper() {
    // Where the system has no such thing, what is left is found by its mark alone.
    let _ = set_child_subreaper(Some(Pid::INIT));
}

/// Has this process, and all that it has started, end when its standard input does: nobody waits for the
/// verdict any more.
pub(super) fn end_with_standard_input() {
    let watch = || {
        while io::stdin().read(&mut [0; 64]).is_ok_and(|len| len > 0) {}
        let own = PathBuf::from(env::var_os(MARK).unwrap_or_default());
        kill_marked(&own.display().to_string());
        // Nobody else removes what the suite has made.
        if let Some(place) = own.parent().filter(|place| is_place(place)) {
            fs::remove_dir_all(place).ok();
        }
        solti_plugin_host::exit_now(1);
    };
    // Without a thread for it there is none for the plugin either.
    let started = thread::Builder::new().name(END.to_owned());
    drop(started.spawn(watch));
}

/// Tries the rule of `request` in a process of its own, within `time`.
///
/// # Errors
///
/// When the process cannot be started.
pub(super) fn try_rule(request: &Request, probe: bool, time: Duration) -> io::Result<Verdict> {
    let mark = request.own.display().to_string();
    let mut command = Command::new(own_program()?);
    command
        .arg(ARGUMENT)
        .env(MARK, &mark)
        .env_remove(PROBE_VARIABLE)
        .current_dir(&request.own)
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    if probe {
        // What it leaves in places like these is found there.
        for name in ["HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"] {
            command.env(name, &request.own);
        }
        command.env(PROBE_VARIABLE, "1");
    }
    let mut child = command.spawn()?;
    let printed = Printed::of(child.stderr.take());
    // Held until the end: a process whose standard input ends has lost the one that tries the plugin.
    let mut stdin = child.stdin.take();
    if let Some(stdin) = &mut stdin {
        let text = serde_json::to_string(request)? + "\n";
        // One that does not read shows in its end.
        stdin.write_all(text.as_bytes()).ok();
    }
    let end = wait(&mut child, time)?;
    sweep(&mut child, &mark);
    drop(stdin);
    if let Some(verdict) = fs::read(request.verdict()).ok()
        && let Ok(verdict) = serde_json::from_slice(&verdict)
    {
        return Ok(verdict);
    }
    Ok(without_verdict(&end, time, &printed.last_line()))
}

fn wait(child: &mut Child, time: Duration) -> io::Result<End> {
    let until = Instant::now() + time;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(End::Itself(status));
        }
        if Instant::now() >= until {
            return Ok(End::OutOfTime);
        }
        thread::sleep(SLICE);
    }
}

/// Kills the process, its group, and whatever else bears its mark.
fn sweep(child: &mut Child, mark: &str) {
    let leader = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let (Ok(None), Some(leader)) = (child.try_wait(), leader) {
        // It has not been reaped, so the number is its own.
        let _ = kill_process_group(leader, Signal::KILL);
    }
    child.kill().ok();
    child.wait().ok();
    kill_marked(mark);
}

/// Kills every other process that bears this mark.
fn kill_marked(mark: &str) {
    let marked = format!("{MARK}={mark}");
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let number = process.file_name();
        let Some(number) = number.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let environment = fs::read(process.path().join("environ")).unwrap_or_default();
        let mut variables = environment.split(|byte| *byte == 0);
        if variables.any(|variable| variable == marked.as_bytes())
            && let Some(process) = Pid::from_raw(number)
            && process != getpid()
        {
            let _ = kill_process(process, Signal::KILL);
        }
    }
}

/// What is said of a plugin whose process has not come to a verdict.
fn without_verdict(end: &End, time: Duration, printed: &str) -> Verdict {
    let printed = match printed {
        "" => String::new(),
        line => format!("; the last line it printed: {}", one_line(line)),
    };
    let (fact, advice) = match end {
        End::OutOfTime => {
            let time = humantime::format_duration(time);
            (
                format!("the process that tried it had not ended after {time}"),
                "find out what the plugin waits for, or give more time by --time",
            )
        }
        End::Itself(status) => {
            let how = match (status.signal(), status.code()) {
                (Some(signal), _) => format!("ended by signal {signal}"),
                (None, Some(code)) => format!("ended with code {code}"),
                (None, None) => "ended".to_owned(),
            };
            (
                format!("the process that tried it {how}"),
                "what ends this process would end a host",
            )
        }
    };
    Verdict::Failed {
        fact: fact + &printed,
        advice: advice.to_owned(),
    }
}

/// The last of what a process prints.
struct Printed {
    text: Arc<Mutex<Vec<u8>>>,
    reader: Option<thread::JoinHandle<()>>,
}

impl Printed {
    /// Reads on a thread that nobody waits for: something else may hold the other end for ever.
    fn of(stream: Option<ChildStderr>) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let reader = stream.map(|mut stream| {
            let text = Arc::clone(&text);
            thread::spawn(move || {
                let mut buffer = [0; 4096];
                while let Ok(len @ 1..) = stream.read(&mut buffer) {
                    let mut text = text.lock();
                    text.extend_from_slice(&buffer[..len]);
                    let surplus = text.len().saturating_sub(PRINTED);
                    text.drain(..surplus);
                }
            })
        });
        Self { text, reader }
    }

    fn last_line(&self) -> String {
        let until = Instant::now() + LAST_LINES;
        while self.reader.as_ref().is_some_and(|it| !it.is_finished()) && Instant::now() < until {
            thread::sleep(SLICE);
        }
        let text = String::from_utf8_lossy(&self.text.lock()).into_owned();
        let last = text.lines().rev().find(|line| !line.trim().is_empty());
        last.unwrap_or_default().trim().to_owned()
    }
}
