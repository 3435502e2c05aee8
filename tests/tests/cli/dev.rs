//! `solti-host dev`: a crate is built, checked and run, again when a source changes, and nothing is left.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::{Ended, Place, Running, end, end_within, shown, solti_host};

/// How long a build may take, with another test's build before it.
const BUILD: Duration = Duration::from_secs(15 * 60);

/// What the environment of all that one test starts has.
const MARK: &str = "SOLTI_DEV_TEST";

/// Has a command build where this workspace does, with a cargo like that of a user.
fn as_a_user<'a>(command: &'a mut Command, place: &Place) -> &'a mut Command {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
        .env("CARGO_TARGET_DIR", e2e::target_dir())
        .env("TMPDIR", temporary(place))
        .env(MARK, place.directory.path())
}

/// Where the programs put what is for a while.
fn temporary(place: &Place) -> PathBuf {
    let directory = place.directory.path().join("tmp");
    fs::create_dir_all(&directory).unwrap();
    directory
}

/// A crate as `new` makes it, that was built once.
fn made(place: &Place, name: &str) -> PathBuf {
    let mut new = solti_host();
    new.current_dir(place.directory.path());
    new.args(["new", name, "--sdk"]).arg(e2e::workspace());
    assert_eq!(end(&mut new).code, Some(0));
    let made = place.directory.path().join(name);
    let manifest = made.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let profile = "\n[profile.dev]\nopt-level = 1\ndebug = \"line-tables-only\"\n";
    fs::write(&manifest, text + profile).unwrap();
    // The versions that are there already.
    fs::copy(e2e::workspace().join("Cargo.lock"), made.join("Cargo.lock")).unwrap();
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap());
    cargo.current_dir(&made).args(["build", "--lib"]);
    let built = as_a_user(&mut cargo, place).output().unwrap();
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{said}");
    made
}

fn dev(place: &Place, words: &[&str]) -> Command {
    let mut command = solti_host();
    command.current_dir(place.directory.path());
    command.arg("dev").args(words);
    as_a_user(&mut command, place);
    command
}

/// Both of its streams as one, as a person sees them.
fn start(place: &Place, directory: &str) -> Running {
    let program = dev(place, &[]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$0\" dev \"$1\" 2>&1"]);
    shell.arg(program.get_program()).arg(directory);
    shell.current_dir(place.directory.path());
    as_a_user(&mut shell, place);
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    Running::start(&mut shell)
}

/// The lines up to one that has this text.
fn until(running: &Running, text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    loop {
        let line = running.line_within(BUILD);
        assert!(!line.contains('\x1b'), "{line:?}");
        lines.push(line);
        if lines.last().is_some_and(|line| line.contains(text)) {
            return lines;
        }
    }
}

fn has(lines: &[String], text: &str) -> bool {
    lines.iter().any(|line| line.contains(text))
}

fn replace(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{text}");
    // Aside and over it, as editors do.
    let aside = file.with_extension("new~");
    fs::write(&aside, text.replacen(from, to, 1)).unwrap();
    fs::rename(aside, file).unwrap();
}

/// The processes that were started for this place and run on.
fn left(place: &Place) -> Vec<String> {
    let mark = format!("{MARK}={}", place.directory.path().display());
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let marked = processes.filter(|process| {
        let environment = fs::read(process.path().join("environ")).unwrap_or_default();
        let mut variables = environment.split(|byte| *byte == 0);
        variables.any(|variable| variable == mark.as_bytes())
    });
    marked
        .map(|process| {
            let words = fs::read(process.path().join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&words).replace('\0', " ")
        })
        .collect()
}

fn leaves_nothing(place: &Place) {
    assert_eq!(left(place), [""; 0]);
    let files: Vec<_> = fs::read_dir(temporary(place)).unwrap().collect();
    assert!(files.is_empty(), "{files:?}");
}

#[test]
fn an_error_is_shown_and_the_edit_that_repairs_it_runs_the_tasks_again() {
    let place = Place::with(&[]);
    let made = made(&place, "dev-watch");
    let work = made.join("src/work.rs");
    let running = start(&place, "dev-watch");
    let lines = until(&running, "waiting for a change");
    assert_eq!(lines[0], "dev: building dev-watch");
    assert!(has(&lines, "hello, Ada"), "{lines:?}");
    let last = lines.last().unwrap();
    assert!(
        last.starts_with("dev: built in ") && last.contains(", tasks ran in "),
        "{last}"
    );

    let good = fs::read_to_string(&work).unwrap();
    fs::write(&work, format!("{good}\nfn broken() -> u8 {{ \"no\" }}\n")).unwrap();
    let lines = until(&running, "waiting for a change");
    assert_eq!(lines[0], "dev: src/work.rs has changed");
    assert!(has(&lines, "mismatched types"), "{lines:?}");
    assert!(
        lines
            .last()
            .unwrap()
            .starts_with("dev: the build failed after ")
    );

    fs::write(&work, good).unwrap();
    let lines = until(&running, "waiting for a change");
    assert!(has(&lines, "hello, Grace"), "{lines:?}");

    // The sidecar is looked at by the check.
    replace(
        &made.join("dev-watch.toml"),
        "[config]",
        "[config]\nno_such = 1",
    );
    let lines = until(&running, "waiting for a change");
    assert!(has(&lines, "no_such"), "{lines:?}");
    assert!(
        lines
            .last()
            .unwrap()
            .starts_with("dev: the check failed after ")
    );

    // Ctrl-C in the middle of a build, too.
    replace(&work, "\n", "\n// Another line.\n");
    until(&running, "dev: building dev-watch");
    running.signal(Signal::INT);
    let (code, _) = running.end();
    assert_eq!(code, Some(0));
    leaves_nothing(&place);
}

#[test]
fn once_ends_with_a_code_for_each_way_a_round_may_end() {
    let place = Place::with(&[]);
    let made = made(&place, "dev-once");
    let once = |words: &[&str]| {
        let mut command = dev(&place, &[&["dev-once", "--once"], words].concat());
        let ended = end_within(BUILD, &mut command, "");
        // Cargo itself may wait for another one.
        assert!(!ended.stderr.contains("waiting for a change"), "{ended:?}");
        leaves_nothing(&place);
        ended
    };
    let ended = once(&[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("hello, Ada"), "{ended:?}");
    let ended = once(&["--test", "--conform"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("3 passed"), "{ended:?}");
    let steps = ["testing dev-once", "running tasks.json", "trying the rules"];
    let at = steps.map(|step| ended.stderr.find(&format!("dev: {step}")));
    assert!(at.is_sorted() && at[0].is_some(), "{ended:?}");
    let last = ended.stderr.lines().last().unwrap();
    let done = [
        "dev: built in ",
        ", checked in ",
        ", tested in ",
        ", tasks ran in ",
    ];
    assert!(done.iter().all(|done| last.contains(done)), "{last}");
    assert!(last.contains(", conformed in "), "{last}");
    // What holds for every command holds for those that it is made of.
    let ended = once(&["--tasks", "none.json", "--log-format", "json"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let records = ended.stderr.lines().filter(|line| line.starts_with('{'));
    let records: Vec<Value> = records
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let has = |level: &str, text: &str| {
        let mut records = records.iter().filter(|record| record["level"] == level);
        records.any(|record| record["message"].as_str().unwrap().contains(text))
    };
    assert!(has("INFO", "checking dev-once"), "{ended:?}");
    assert!(has("ERROR", "none.json"), "{ended:?}");
    fs::rename(
        made.join("tasks.json"),
        place.directory.path().join("moved.json"),
    )
    .unwrap();
    let ended = once(&[]);
    assert_eq!((&*ended.stdout, ended.code), ("", Some(0)));
    let said = "dev: no tasks.json is there: no task is run\n";
    assert!(ended.stderr.contains(said), "{ended:?}");
    let ended = once(&["--tasks", "moved.json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    place.file("failing.json", crate::command("x", "no-such-command", &[]));
    let ended = once(&["--tasks", "failing.json"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.stderr.contains("dev: the tasks failed after "),
        "{ended:?}"
    );
    let other = crate::command("quick", "no-such-command", &[]);
    fs::write(
        made.join("conform.json"),
        format!("{{ \"quick\": {other} }}"),
    )
    .unwrap();
    let ended = once(&["--conform"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.stderr.contains("dev: conformance failed after "),
        "{ended:?}"
    );
    let failing = "#[test]\nfn fails() {\n    panic!(\"as it is to\");\n}\n";
    fs::write(made.join("src/tests.rs"), failing).unwrap();
    let ended = once(&["--test", "--conform", "--tasks", "moved.json"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("as it is to"), "{ended:?}");
    assert!(!ended.stderr.contains("dev: running"), "{ended:?}");
    let last = ended.stderr.lines().last().unwrap();
    assert!(last.starts_with("dev: the tests failed after "), "{last}");
    fs::write(made.join("src/work.rs"), "no").unwrap();
    let ended = once(&[]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.stderr.contains("dev: the build failed after "),
        "{ended:?}"
    );
}

#[test]
fn where_there_is_nothing_to_build_it_says_what_is_missing() {
    let place = Place::with(&[]);
    let directory = place.directory.path();
    let refused = |ended: Ended, error: &str| {
        assert_eq!(ended.stderr, format!("error: {error}\n"));
        assert_eq!((&*ended.stdout, ended.code), ("", Some(2)));
        leaves_nothing(&place);
    };
    fs::create_dir_all(directory.join("plain/src")).unwrap();
    refused(
        end(&mut dev(&place, &["plain"])),
        "plain: no crate is there: it has no Cargo.toml; name the directory of a plugin's crate, or \
         make one with `solti-host new NAME`",
    );
    let package =
        "[package]\nname = \"plain\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n";
    place.file("plain/Cargo.toml", package);
    place.file("plain/src/lib.rs", "");
    refused(
        end(&mut dev(&place, &["plain", "--once"])),
        "plain/Cargo.toml: the crate makes no shared library: a plugin's has the lines `[lib]` and \
         `crate-type = [\"cdylib\"]`",
    );
    refused(
        end(dev(&place, &["plain"]).env("CARGO", "no-such-cargo")),
        "cargo is not found: 'no-such-cargo' is none of the programs in PATH; install Rust, or set CARGO \
         to where it is",
    );
    place.file("plain/Cargo.toml", "[workspace]\n");
    refused(
        end(&mut dev(&place, &["plain", "--once"])),
        "plain/Cargo.toml: a workspace and no crate: name the directory of the plugin's crate",
    );
}

#[test]
fn a_terminal_is_cleared_for_each_round_and_left_as_it_was_at_ctrl_c() {
    let place = Place::with(&[]);
    made(&place, "dev-screen");
    let program = shown(e2e::solti_host());
    // The shell gets Ctrl-C as well, and not each goes on when its program has ended by itself.
    let inner = format!("trap : INT; stty -g; {program} dev dev-screen; echo ended $?; stty -g");
    // `script` makes a terminal of its own, and is the reader and the keyboard.
    let mut script = Command::new("script");
    script.args(["-qec", &inner, "/dev/null"]);
    script.current_dir(place.directory.path());
    as_a_user(&mut script, &place)
        .env("TERM", "xterm")
        .env("SHELL", "/bin/sh")
        .env_remove("NO_COLOR")
        .env_remove("RUST_LOG");
    let mut running = Running::start(&mut script);
    let before = running.line();
    let mut lines = Vec::new();
    while !lines
        .last()
        .is_some_and(|line: &String| line.contains("waiting for a change"))
    {
        lines.push(running.line_within(BUILD));
    }
    assert!(lines[0].starts_with("\x1b[H\x1b[2J"), "{lines:?}");
    running.stdin.as_mut().unwrap().write_all(b"\x03").unwrap();
    while !lines.last().is_some_and(|line| line.contains("ended")) {
        lines.push(running.line());
    }
    assert!(lines.last().unwrap().ends_with("ended 0"), "{lines:?}");
    assert_eq!(running.line(), before);
    running.end();
    leaves_nothing(&place);
}
