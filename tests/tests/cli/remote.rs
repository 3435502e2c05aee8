//! The commands that talk to a running service.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::serve::{Serving, state_of};
use crate::{Place, shell, with};

/// A command of the program that talks to the service of a place.
fn remote(place: &Place, words: &[&str]) -> Command {
    let mut command = Command::new(e2e::solti_host());
    for name in [
        "SOLTI_TOKEN_FILE",
        "SOLTI_CA",
        "SOLTI_CERT",
        "SOLTI_KEY",
        "NO_COLOR",
    ] {
        command.env_remove(name);
    }
    command
        .args(words)
        .env("SOLTI_HOST", state_of(place).join("service.sock"))
        .stdin(Stdio::null());
    command
}

/// How it ended, and what it printed.
fn said(command: &mut Command) -> (i32, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

/// What it printed, of one that does what it is asked for.
fn done(place: &Place, words: &[&str]) -> String {
    let (code, stdout, stderr) = said(&mut remote(place, words));
    assert_eq!(code, 0, "{words:?}: {stdout}{stderr}");
    stdout
}

#[test]
fn a_command_that_is_submitted_ends_the_program_as_it_ends_itself() {
    let place = Place::with(&["subprocess"]);
    let _serving = Serving::start(&place, &[]);
    for (words, code, out, err) in [
        (
            &["--follow", "--", "sh", "-c", "echo a; echo b >&2; exit 3"][..],
            3,
            "a\n",
            "b\n",
        ),
        (&["--follow", "--", "printf", "no end"], 0, "no end", ""),
        (
            &["--wait", "--timeout", "50ms", "--", "sleep", "60"],
            124,
            "",
            ": timeout: ",
        ),
        (&["--wait", "--", "/no/such/program"], 1, "", ": failed: "),
    ] {
        let mut all = vec!["submit"];
        all.extend(words);
        let (found, stdout, stderr) = said(&mut remote(&place, &all));
        assert_eq!(found, code, "{words:?}: {stdout}{stderr}");
        if words[0] == "--follow" {
            assert_eq!(stdout, out);
        }
        assert!(stderr.contains(err), "{stderr}");
    }
    // Its variables, its directory, and its name.
    let name = done(
        &place,
        &[
            "submit",
            "--name",
            "mine",
            "-e",
            "A=b c",
            "--cwd",
            "/",
            "--wait",
            "--",
            "sh",
            "-c",
            "echo \"$A\"; pwd",
        ],
    );
    assert_eq!(name, "mine\n");
    assert_eq!(done(&place, &["logs", "mine"]), "b c\n/\n");
}

#[test]
fn specs_are_submitted_from_files_and_standard_input_and_a_bad_one_is_named_where_it_stands() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let many: Vec<_> = (0..250)
        .map(|at| shell(&format!("s{at}"), "true"))
        .collect();
    let file = place.directory.path().join("many.json");
    fs::write(&file, json!(many).to_string()).unwrap();
    let file = file.to_str().unwrap();
    let names = done(&place, &["submit", "--wait", file]);
    assert_eq!(names.lines().count(), 250);
    let list = done(&place, &["tasks", "-n", "0", "--json"]);
    assert_eq!(list.lines().count(), 250);
    let two = place.directory.path().join("two.json");
    let bad = with(shell("b", "true"), json!({ "timeout": 0 }));
    fs::write(&two, format!("[{}, {bad}]", shell("a", "true"))).unwrap();
    let (code, stdout, stderr) = said(&mut remote(&place, &["submit", two.to_str().unwrap()]));
    assert_eq!((code, stdout.lines().count()), (1, 1), "{stderr}");
    let expected = format!(
        "error: {}[1]: timeout: has to be longer than nothing\n",
        two.display()
    );
    assert_eq!(stderr, expected);
    let (code, _, stderr) = said(&mut remote(
        &place,
        &["submit", "--name", "n", two.to_str().unwrap()],
    ));
    assert_eq!(code, 2);
    assert_eq!(
        stderr,
        "error: --name: is for one task, and there are 1 others: write it into their specs\n"
    );
    fs::write(&two, "{\"slot\": ").unwrap();
    let (code, _, stderr) = said(&mut remote(&place, &["submit", two.to_str().unwrap()]));
    assert_eq!(code, 2);
    assert!(
        stderr.contains("two.json: is no JSON: EOF while parsing a value at line 1"),
        "{stderr}"
    );
    drop(serving);
}

#[test]
fn a_request_that_is_repeated_with_its_key_is_one_task() {
    let place = Place::with(&["subprocess"]);
    let _serving = Serving::start(&place, &[]);
    let words = ["submit", "--idempotency-key", "nightly-7", "--", "true"];
    assert_eq!(done(&place, &words), done(&place, &words));
    assert_eq!(done(&place, &["tasks", "--json"]).lines().count(), 1);
}

/// Killed without warning, twice, while it is followed: not a byte is missing, and none comes twice.
#[test]
fn output_that_is_followed_goes_on_where_it_was_when_the_service_comes_back() {
    let place = Place::with(&["subprocess"]);
    let mut serving = Serving::start(&place, &[]);
    let script = "n=0; while [ $n -lt 40 ]; do seq $((n * 1000 + 1)) $((n * 1000 + 1000)); \
                  n=$((n + 1)); sleep 0.02; done";
    let spec = with(
        shell("a", script),
        json!({ "name": "long", "onInterrupt": "rerun" }),
    );
    serving.submit(&spec);
    let mut command = remote(&place, &["logs", "--follow", "long"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut follower = command.spawn().unwrap();
    let mut stdout = BufReader::new(follower.stdout.take().unwrap());
    let mut read = String::new();
    for lines in [2_000, 3_000] {
        for _ in 0..lines {
            stdout.read_line(&mut read).unwrap();
        }
        serving.kill();
        std::thread::sleep(Duration::from_millis(300));
        serving = Serving::start(&place, &[]);
    }
    stdout.read_to_string(&mut read).unwrap();
    let mut stderr = String::new();
    follower
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut stderr)
        .unwrap();
    assert_eq!(follower.wait().unwrap().code(), Some(0), "{stderr}");
    let whole = serving.get("/v1/tasks/long/output").text();
    assert_eq!(read.len(), whole.len(), "{stderr}");
    assert!(read == whole);
    assert!(read.ends_with("\n39999\n40000\n"));
    assert!(stderr.contains("trying again until it answers"), "{stderr}");
}

#[test]
fn parts_of_the_output_are_asked_for_as_of_a_file() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let spec = with(
        shell(
            "a",
            "echo one; echo err >&2; echo two; exit $((RANDOM * 0 + 1))",
        ),
        json!({ "name": "a", "restart": { "type": "onFailure" },
            "backoff": { "firstMs": 1, "maxMs": 1, "factor": 1, "jitter": "none" } }),
    );
    serving.submit(&spec);
    serving.until("a", |task| task["attempts"].as_u64() > Some(2));
    assert_eq!(said(&mut remote(&place, &["cancel", "--wait", "a"])).0, 0);
    assert_eq!(
        // The last attempt may have been cancelled in the middle.
        done(
            &place,
            &[
                "logs",
                "--tail",
                "1",
                "--stream",
                "stdout",
                "--attempt",
                "1",
                "a"
            ]
        ),
        "two\n"
    );
    assert_eq!(done(&place, &["logs", "--attempt", "2", "a"]), "one\ntwo\n");
    let stamped = done(&place, &["--timestamps", "logs", "--attempt", "1", "a"]);
    assert!(
        stamped
            .lines()
            .all(|line| line.starts_with("20") && line.contains("Z ")),
        "{stamped}"
    );
    let (code, _, stderr) = said(&mut remote(&place, &["logs", "--since", "soon", "a"]));
    assert_eq!(code, 2);
    assert!(
        stderr.starts_with("error: since: is \"soon\", expected a time such as"),
        "{stderr}"
    );
    let (code, stdout, stderr) = said(&mut remote(&place, &["logs", "nobody"]));
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert_eq!(stderr, "error: no task is called nobody\n");
}

#[test]
fn a_reader_of_output_that_leaves_ends_it_as_a_pipe_does() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let name = serving.submit(&shell("a", "seq 1000000"));
    serving.ended(&name);
    let host = e2e::solti_host().display().to_string();
    let socket = state_of(&place).join("service.sock");
    let line = format!("\"$0\" logs {name} | head -n 1; echo \"${{PIPESTATUS[0]}}\"");
    let ended = Command::new("bash")
        .args(["-c", &line, &host])
        .env("SOLTI_HOST", socket)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&ended.stdout), "1\n141\n");
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
}

#[test]
fn tasks_are_listed_by_what_they_are_and_how_they_ended() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    for (name, slot, script, label) in [
        ("good", "x", "true", "eu"),
        ("bad", "x", "exit 4", "eu"),
        ("slow", "y", "sleep 100", "us"),
    ] {
        let spec = with(
            shell(slot, script),
            json!({ "name": name, "admission": "queue", "labels": { "zone": label } }),
        );
        serving.submit(&spec);
    }
    serving.ended("good");
    serving.ended("bad");
    serving.until("slow", |task| task["phase"] == "running");
    let names = |words: &[&str]| {
        let mut all = vec!["tasks", "--json"];
        all.extend(words);
        let text = done(&place, &all);
        let names = text.lines().map(|line| {
            let task: Value = serde_json::from_str(line).unwrap();
            task["name"].as_str().unwrap().to_owned()
        });
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(&[]), "slow bad good");
    assert_eq!(names(&["--phase", "failed"]), "bad");
    assert_eq!(
        names(&["--phase", "failed", "--phase", "running"]),
        "slow bad"
    );
    assert_eq!(names(&["--slot", "x"]), "bad good");
    assert_eq!(names(&["--label", "zone=us"]), "slow");
    assert_eq!(names(&["--plugin", "subprocess", "--prefix", "go"]), "good");
    assert_eq!(names(&["--plugin", "other"]), "");
    assert_eq!(names(&["--kind", "subprocess", "-n", "1"]), "slow");
    let table = done(&place, &["tasks"]);
    assert!(
        table.contains(" bad ") && table.contains("failed"),
        "{table}"
    );
    assert_eq!(
        done(&place, &["tasks", "--slot", "z"]),
        "there are no such tasks\n"
    );
    let (code, _, stderr) = said(&mut remote(&place, &["tasks", "--phase", "lost"]));
    assert_eq!(code, 2);
    assert_eq!(
        stderr,
        "error: phase: is \"lost\", expected pending, running, waiting, succeeded, failed, timeout, \
         canceled, interrupted\n"
    );
    let shown = done(&place, &["task", "bad"]);
    for line in [
        "phase        failed",
        "plugin       subprocess",
        "labels       zone=eu",
        "exit code    4",
    ] {
        assert!(shown.contains(line), "{shown}");
    }
}

#[test]
fn a_task_is_cancelled_and_run_again() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let name = serving.submit(&shell("a", "echo out; sleep 100"));
    let (code, _, stderr) = said(&mut remote(&place, &["cancel", "--wait", &name, "nobody"]));
    assert_eq!(code, 1);
    assert_eq!(stderr, "error: nobody: no task is called nobody\n");
    let ended = serving.ended(&name);
    assert_eq!(ended["phase"], "canceled", "{ended}");
    let again = done(&place, &["retry", &name]);
    let again = again.trim_end();
    let task = serving.until(again, |task| task["phase"] == "running");
    assert_eq!(task["retryOf"], name.as_str());
    // Who interrupts it is told that the task goes on.
    let mut command = remote(&place, &["logs", "-f", again]);
    let mut follower = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(follower.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "out\n");
    let pid = rustix::process::Pid::from_child(&follower);
    rustix::process::kill_process(pid, Signal::INT).unwrap();
    assert_eq!(follower.wait().unwrap().code(), Some(130));
    assert_eq!(
        serving.get(&format!("/v1/tasks/{again}")).json()["phase"],
        "running"
    );
    assert_eq!(said(&mut remote(&place, &["cancel", again])).0, 0);
    assert_eq!(serving.ended(again)["phase"], "canceled");
    let (code, _, stderr) = said(&mut remote(&place, &["retry", "nobody"]));
    assert_eq!(
        (code, stderr.as_str()),
        (2, "error: no task is called nobody\n")
    );
}

#[test]
fn plugins_are_shown_retired_restored_and_reloaded() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let table = done(&place, &["plugins"]);
    assert!(
        table.contains("subprocess") && table.contains("1 of 256 images are open"),
        "{table}"
    );
    assert_eq!(
        done(&place, &["plugins", "retire", "subprocess"]),
        "subprocess: retired\n"
    );
    let (code, _, stderr) = said(&mut remote(&place, &["submit", "--", "true"]));
    assert_eq!(code, 2);
    assert_eq!(
        stderr,
        "error: no runner for this task: plugin 'subprocess' takes subprocess tasks, but it was retired \
         and gets no more\n"
    );
    assert_eq!(
        done(&place, &["plugins", "restore", "subprocess"]),
        "subprocess: active\n"
    );
    assert_eq!(
        done(&place, &["submit", "--follow", "--", "echo", "a"]),
        "a\n"
    );
    fs::write(place.plugins().join("bad.so"), "no library").unwrap();
    let (code, stdout, _) = said(&mut remote(&place, &["plugins", "reload"]));
    assert!(
        code == 1 && stdout.starts_with("refused bad.so: "),
        "{stdout}"
    );
    let table = done(&place, &["plugins"]);
    assert!(table.contains("bad.so"), "{table}");
    let (code, _, stderr) = said(&mut remote(&place, &["plugins", "retire", "other"]));
    assert_eq!(code, 2);
    assert_eq!(
        stderr,
        "error: no plugin in service is called other; /v1/plugins has those that are\n"
    );
    drop(serving);
}

#[test]
fn a_live_view_is_printed_once_where_there_is_no_terminal() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let name = serving.submit(&shell("a", "sleep 100"));
    serving.until(&name, |task| task["phase"] == "running");
    let shown = done(&place, &["top"]);
    assert!(shown.contains("1 running  0 waiting"), "{shown}");
    assert!(
        shown.contains(&name) && shown.contains("subprocess"),
        "{shown}"
    );
}

/// On a screen of its own, which a key ends and which is given back.
#[test]
fn a_live_view_on_a_terminal_ends_at_a_key_and_leaves_the_terminal_as_it_was() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let name = serving.submit(&shell("a", "sleep 100"));
    serving.until(&name, |task| task["phase"] == "running");
    let top = format!("{} top --every 200ms; stty -a", e2e::solti_host().display());
    let line = format!("(sleep 2; printf q; sleep 1) | script -qec '{top}' /dev/null");
    let mut command = Command::new("bash");
    command
        .args(["-c", &line])
        .env("TERM", "xterm")
        .env("SOLTI_HOST", state_of(&place).join("service.sock"));
    let (code, stdout, stderr) = said(&mut command);
    assert_eq!(code, 0, "{stdout}{stderr}");
    let (screen, after) = stdout.split_once("\u{1b}[?1049l").unwrap();
    assert!(
        screen.contains("\u{1b}[?1049h") && screen.contains(&name),
        "{screen}"
    );
    assert!(
        after.contains(" icanon") && after.contains(" echo "),
        "{after}"
    );
}

#[test]
fn a_service_over_tcp_asks_for_its_token_and_what_is_wrong_is_said() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &["--listen", "127.0.0.1:0"]);
    let address = format!("http://{}", serving.address("http"));
    let over_tcp = |words: &[&str]| {
        let mut command = remote(&place, words);
        command.env("SOLTI_HOST", &address);
        said(&mut command)
    };
    let token = state_of(&place).join("token");
    let file = token.to_str().unwrap();
    let (code, stdout, stderr) = over_tcp(&[
        "--log-format",
        "text",
        "submit",
        "--follow",
        "--token-file",
        file,
        "--",
        "echo",
        "hi",
    ]);
    assert_eq!((code, stdout.as_str()), (0, "hi\n"), "{stderr}");
    let (code, _, stderr) = over_tcp(&["tasks"]);
    assert_eq!(code, 2);
    assert_eq!(
        stderr,
        "error: no token was sent: name the file of one by --token-file or SOLTI_TOKEN_FILE\n"
    );
    let wrong = place.directory.path().join("wrong");
    fs::write(&wrong, "wrong\n").unwrap();
    let (_, _, stderr) = over_tcp(&["tasks", "--token-file", wrong.to_str().unwrap()]);
    assert_eq!(
        stderr,
        "error: the token is not the service's: name the file of one by --token-file or \
         SOLTI_TOKEN_FILE\n"
    );
    drop(serving);
    let (code, _, stderr) = over_tcp(&["tasks", "--token-file", file]);
    assert_eq!(code, 2);
    assert!(
        stderr.contains("cannot be reached: ")
            && stderr.ends_with("; is `solti-host serve` running, and does it --listen there?\n"),
        "{stderr}"
    );
    let mut command = remote(&place, &["tasks"]);
    let (code, _, stderr) = said(command.env("SOLTI_HOST", "somewhere"));
    assert_eq!(code, 2);
    assert!(
        stderr.starts_with("error: --host: is \"somewhere\", expected http://HOST:PORT"),
        "{stderr}"
    );
    // What answers is something else.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let other = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        use std::io::Write as _;
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 1024];
        let _ = stream.read(&mut request);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
    });
    let mut command = remote(&place, &["tasks"]);
    let (code, _, stderr) = said(command.env("SOLTI_HOST", other.to_string()));
    assert_eq!(code, 2);
    assert!(
        stderr.contains("is no such service, or one of another version"),
        "{stderr}"
    );
}
