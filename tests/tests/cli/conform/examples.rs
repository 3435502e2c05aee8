//! Plugins that keep every rule: those of the examples, with tasks of theirs and with the suite's own.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::thread;

use e2e::Sshd;
use serde_json::{Value, json};

use super::{Subject, failed, not_applicable};

#[test]
fn the_example_plugins_keep_every_rule() {
    for package in e2e::EXAMPLES {
        let subject = Subject::of(package);
        let mut other_machine = None;
        let tasks = e2e::workspace().join(format!("example-plugins/{package}/conform.json"));
        let tasks = match *package {
            // Where a server is depends on the run.
            "httpcheck" => checks_of(&subject, serve()),
            "ssh" => match Sshd::start() {
                Ok(sshd) => commands_at(&subject, other_machine.insert(sshd)),
                Err(reason) => {
                    e2e::skip(&format!(
                        "ssh is not tried, as no ssh server works here: {reason}"
                    ));
                    continue;
                }
            },
            _ => tasks,
        };
        let (report, code) = subject.report(&tasks, &[]);
        assert_eq!(
            (failed(&report), code),
            (BTreeMap::new(), Some(0)),
            "{package}"
        );
        let left = not_applicable(&report);
        match *package {
            // It has one task, which succeeds; and an image may not be there.
            "hello" => assert_eq!(left.len(), 9, "{left:?}"),
            "container" => {}
            _ => assert_eq!(left, BTreeSet::from(["panics-contained"])),
        }
    }
}

/// A server whose answers are what tasks of the suite have to print; it ends with the test.
fn serve() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            thread::spawn(move || answer(stream));
        }
    });
    port
}

/// Answers one request. Who asks may go away at any moment.
fn answer(mut stream: TcpStream) -> Option<()> {
    let mut request = String::new();
    let mut lines = BufReader::new(stream.try_clone().ok()?);
    while !request.ends_with("\r\n\r\n") {
        if lines.read_line(&mut request).ok()? == 0 {
            return None;
        }
    }
    let path = request.split(' ').nth(1)?;
    let status = if path == "/failing" {
        "404 Not Found"
    } else {
        "200 OK"
    };
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).ok()?;
    let body = match path {
        "/chatty" => format!("{}\n", "x".repeat(99)).repeat(100_000),
        "/text" => format!("Grüße, 世界 🦀\n{}\nend\n", "x".repeat(100_000)),
        _ => "begun\n".to_owned(),
    };
    stream.write_all(body.as_bytes()).ok()?;
    if path == "/long" {
        // Until who asked goes away.
        lines.read_line(&mut request).ok()?;
    }
    Some(())
}

/// A file of tasks that ask a server at this port.
fn checks_of(subject: &Subject, port: u16) -> PathBuf {
    let tasks = ["quick", "long", "failing", "chatty", "text"].map(|name| {
        let url = format!("http://127.0.0.1:{port}/{name}");
        let task = json!({
            "slot": format!("conform-{name}"), "timeout": 600_000, "kind": "example.com/v1/HttpCheck",
            "spec": { "url": url, "maxTime": 600_000 },
        });
        (name.to_owned(), task)
    });
    let tasks: serde_json::Map<_, _> = tasks.into_iter().collect();
    subject.written("conform.json", Value::Object(tasks))
}

/// A file of tasks that run commands at this server, whose clients are let in.
fn commands_at(subject: &Subject, sshd: &Sshd) -> PathBuf {
    subject.written("ssh.toml", format!("[config]\n{}\n", sshd.plugin_config()));
    let line = "x".repeat(99);
    let tasks = [
        ("quick", "echo quick".to_owned()),
        ("long", "echo begun; exec sleep 600".to_owned()),
        ("failing", "exit 3".to_owned()),
        ("chatty", format!("yes {line} | head -n 100000")),
        (
            "text",
            "echo 'Grüße, 世界 🦀'; head -c 100000 /dev/zero | tr '\\0' x; echo; echo end"
                .to_owned(),
        ),
    ]
    .map(|(name, command)| {
        let task = json!({
            "slot": format!("conform-{name}"), "timeout": 600_000, "kind": "example.com/v1/Ssh",
            "spec": { "host": "127.0.0.1", "command": command },
        });
        (name.to_owned(), task)
    });
    let tasks: serde_json::Map<_, _> = tasks.into_iter().collect();
    subject.written("conform.json", Value::Object(tasks))
}

#[test]
fn the_suite_has_tasks_of_its_own_for_the_kinds_that_mean_the_same_everywhere() {
    for package in ["subprocess", "wasm"] {
        let ended = Subject::of(package).conform(&[]);
        let summary = ended.stdout.lines().last().unwrap();
        let expected = "30 rules: 29 passed, 0 failed, 1 not applicable, 0 skipped";
        assert!(summary.ends_with(expected), "{ended:?}");
        assert_eq!(ended.code, Some(0));
    }
}
