//! A service that is killed: nothing that was acknowledged is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use e2e::http::Client;

use super::{Serving, state_of};
use crate::{Place, shell, with};

/// How often a service is killed.
fn rounds() -> u64 {
    e2e::times(3, 25) as u64
}

#[test]
fn a_task_that_was_interrupted_fails_or_runs_again_as_it_says() {
    let place = Place::with(&["subprocess"]);
    let runs = place.directory.path().join("runs");
    let serving = Serving::start(&place, &[]);
    let script = |name: &str| {
        format!(
            "echo begun; echo {name} >> {0}; echo $$ > {0}.{name}; [ $(grep -c {name} {0}) = 2 ] || exec sleep 60",
            runs.display()
        )
    };
    let specs = [
        ("default", json!({})),
        ("asked", json!({ "onInterrupt": "rerun" })),
        ("retried", json!({ "restart": { "type": "onFailure" } })),
        (
            "unwanted",
            json!({ "restart": { "type": "onFailure" }, "onInterrupt": "fail" }),
        ),
    ];
    for (name, fields) in &specs {
        let spec = with(shell(name, &script(name)), json!({ "name": name }));
        serving.submit(&with(spec, fields.clone()));
        serving.until(name, |task| task["phase"] == "running");
    }
    let children: Vec<String> = specs
        .iter()
        .map(|(name, _)| {
            let file = format!("{}.{name}", runs.display());
            loop {
                match std::fs::read_to_string(&file) {
                    Ok(pid) if pid.ends_with('\n') => return pid.trim().to_owned(),
                    _ => std::thread::sleep(Duration::from_millis(5)),
                }
            }
        })
        .collect();
    let done = serving.submit(&with(shell("done", "true"), json!({ "name": "done" })));
    serving.ended(&done);
    serving.kill();

    let serving = Serving::start(&place, &[]);
    for pid in &children {
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        assert!(
            state.is_empty() || state.contains(") Z "),
            "a child of the killed one runs on: {state}"
        );
    }
    for (name, phase, then, attempts) in [
        ("default", "interrupted", "fail", 1),
        ("asked", "succeeded", "rerun", 2),
        ("retried", "succeeded", "rerun", 2),
        ("unwanted", "interrupted", "fail", 1),
    ] {
        let task = serving.ended(name);
        assert_eq!(task["phase"], phase, "{task:#}");
        assert_eq!(task["interruptions"][0]["then"], then, "{task:#}");
        if phase == "succeeded" {
            assert_eq!(task["attempts"], attempts, "{task:#}");
        }
    }
    assert_eq!(serving.get("/v1/tasks/done").json()["phase"], "succeeded");
    let (code, stderr) = serving.terminate();
    assert_eq!(code, Some(0));
    assert_eq!(
        stderr.trim(),
        "warning: 4 tasks had not ended when the last service did: 2 run again, 2 have failed"
    );
}

#[test]
fn no_task_that_was_acknowledged_is_lost_whenever_the_service_is_killed() {
    let place = Place::with(&["subprocess"]);
    let mut acknowledged: Vec<String> = Vec::new();
    for round in 0..rounds() {
        let serving = Serving::start(&place, &[]);
        let killed = Arc::new(AtomicBool::new(false));
        let clients: Vec<_> = (0..8)
            .map(|client| {
                let killed = Arc::clone(&killed);
                let socket = Client::Unix(state_of(&place).join("service.sock"));
                std::thread::spawn(move || submit_until(&socket, round, client, &killed))
            })
            .collect();
        // At moments that differ, and are the same in each run of the test.
        std::thread::sleep(Duration::from_millis(50 + (round * 7919) % 400));
        killed.store(true, Ordering::Release);
        serving.kill();
        for client in clients {
            acknowledged.extend(client.join().unwrap());
        }
    }
    assert!(!acknowledged.is_empty());
    let serving = Serving::start(&place, &[]);
    for name in &acknowledged {
        let answer = serving.get(&format!("/v1/tasks/{name}"));
        assert_eq!(
            answer.status,
            200,
            "{name} is lost, of {}",
            acknowledged.len()
        );
        let task: Value = answer.json();
        let phase = task["phase"].as_str().unwrap();
        assert!(["succeeded", "interrupted"].contains(&phase), "{task:#}");
    }
}

/// Has tasks run until the service is gone, and returns the names of those that were acknowledged.
fn submit_until(client: &Client, round: u64, number: u32, killed: &AtomicBool) -> Vec<String> {
    use std::io::{Read as _, Write as _};
    let mut acknowledged = Vec::new();
    for task in 0.. {
        let name = format!("t-{round}-{number}-{task}");
        let spec = with(shell(&name, "true"), json!({ "name": name })).to_string();
        let request = format!(
            "POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{spec}",
            spec.len()
        );
        let Client::Unix(path) = client else {
            unreachable!("the socket is a Unix one")
        };
        let Ok(mut stream) = std::os::unix::net::UnixStream::connect(path) else {
            break;
        };
        let mut answer = String::new();
        let sent = stream.write_all(request.as_bytes());
        let read = sent.and_then(|()| stream.read_to_string(&mut answer));
        if answer.starts_with("HTTP/1.1 201 ") {
            acknowledged.push(name);
        } else if read.is_err() || killed.load(Ordering::Acquire) {
            break;
        }
    }
    acknowledged
}
