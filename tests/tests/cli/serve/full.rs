//! A disk that is full: the service goes on, says so, and refuses what it cannot keep.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use e2e::http::Client;
use serde_json::json;

use super::{Serving, settings};
use crate::{Place, Running, SOON, shell, with};

/// A service whose state is on a disk of its own, which something else fills; `None` where none may be
/// mounted here.
struct Small {
    serving: Serving,
    filler: PathBuf,
}

impl Small {
    /// A disk of 24 MB, of which 16 are filled.
    fn start(place: &Place, more: &str) -> Option<Self> {
        if !e2e::may_mount() {
            return None;
        }
        let disk = place.directory.path().join("disk");
        std::fs::create_dir(&disk).unwrap();
        let socket = place.directory.path().join("sock");
        let config = settings(place, more);
        let script = "mount -t tmpfs -o size=24m,mode=700 none \"$0\" && \
             head -c 16000000 /dev/zero > \"$0/filler\" && exec \"$@\"";
        let mut command = Command::new("unshare");
        command
            .args(["-m", "sh", "-c", script])
            .arg(&disk)
            .arg(e2e::solti_host())
            .args(["serve", "--config", &config, "--state"])
            .arg(disk.join("state"))
            .arg("--unix")
            .arg(&socket)
            .env_remove("RUST_LOG");
        let running = Running::start(&mut command);
        let ready = running.line();
        // What is mounted there is seen through its root alone.
        let root = format!("/proc/{}/root", running.child.id());
        let filler = Path::new(&root)
            .join(disk.strip_prefix("/").unwrap())
            .join("filler");
        let serving = Serving {
            running,
            client: Client::Unix(socket),
            ready,
        };
        Some(Self { serving, filler })
    }

    fn lost(&self) -> u64 {
        let metrics = self.serving.get("/metrics").text();
        let line = metrics
            .lines()
            .find_map(|line| line.strip_prefix("solti_output_lost_bytes_total "));
        line.unwrap().parse().unwrap()
    }
}

#[test]
fn on_a_full_disk_tasks_go_on_without_output_and_new_ones_are_refused_until_there_is_room() {
    let place = Place::with(&["subprocess"]);
    let Some(small) = Small::start(&place, "[output]\nfull_wait = '100ms'\n") else {
        return;
    };
    let serving = &small.serving;
    let wait = place.directory.path().join("go");
    let script = format!(
        "seq 3000000; until [ -e {} ]; do sleep 0.02; done; echo last",
        wait.display()
    );
    let name = serving.submit(&shell("writer", &script));
    let began = Instant::now();
    while small.lost() == 0 {
        assert!(began.elapsed() < SOON, "nothing is lost");
        std::thread::sleep(Duration::from_millis(10));
    }
    // Until the store has no room either.
    let mut refused = None;
    let mut taken = Vec::new();
    for number in 0..5000 {
        let spec = with(
            shell(&format!("t{number}"), "true"),
            json!({ "name": format!("t{number}") }),
        );
        let answer = serving.post("/v1/tasks", &spec);
        match answer.status {
            201 => taken.push(format!("t{number}")),
            _ => {
                refused = Some(answer);
                break;
            }
        }
    }
    let refused = refused.expect("there is room for 5000");
    assert_eq!((refused.status, &*refused.error().1), (507, "disk_full"));
    assert!(
        refused.error().2.contains("No space left on device"),
        "{}",
        refused.text()
    );
    assert_eq!(serving.get("/livez").status, 200);

    std::fs::remove_file(&small.filler).unwrap();
    let began = Instant::now();
    let later = loop {
        let answer = serving.post("/v1/tasks", &shell("later", "echo there is room"));
        if answer.status == 201 {
            break answer.json()["name"].as_str().unwrap().to_owned();
        }
        assert!(began.elapsed() < SOON, "{}", answer.text());
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(serving.ended(&later)["phase"], "succeeded");
    for name in &taken {
        assert_eq!(serving.ended(name)["phase"], "succeeded", "{name}");
    }
    std::fs::write(&wait, "").unwrap();
    assert_eq!(serving.ended(&name)["phase"], "succeeded");
    // What is left out is told, and what came behind it is there.
    let path = format!("/v1/tasks/{name}/output");
    let accept = [("Accept", "text/event-stream")];
    let events: Vec<_> = serving
        .client
        .stream("GET", &path, &accept, b"")
        .events()
        .collect();
    let gap = events
        .iter()
        .find(|(name, ..)| name == "gap")
        .expect("a gap is told");
    assert!(gap.2["bytes"].as_u64().unwrap() > 0, "{gap:?}");
    let last = events
        .iter()
        .rev()
        .find(|(name, ..)| name == "line")
        .unwrap();
    assert_eq!(last.2["text"], "last");
    assert_eq!(serving.get("/readyz").status, 200);
}

#[test]
fn a_task_waits_for_room_where_that_is_wanted_and_loses_nothing() {
    let place = Place::with(&["subprocess"]);
    let Some(small) = Small::start(&place, "[output]\non_full = 'wait'\n") else {
        return;
    };
    let serving = &small.serving;
    let name = serving.submit(&shell("writer", "seq 2000000"));
    // It stops at the end of the disk.
    let path = format!("/v1/tasks/{name}/output?tail=1");
    let (mut last, mut since) = (String::new(), Instant::now());
    while since.elapsed() < Duration::from_secs(1) || last.is_empty() {
        let now = serving.get(&path).text();
        if now != last {
            (last, since) = (now, Instant::now());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_ne!(last, "2000000\n", "the disk is not full");
    std::fs::remove_file(&small.filler).unwrap();
    assert_eq!(serving.ended(&name)["phase"], "succeeded");
    let output = serving.get(&format!("/v1/tasks/{name}/output"));
    let expected: String = (1..=2_000_000)
        .map(|number| format!("{number}\n"))
        .collect();
    assert!(output.body == expected.as_bytes());
    assert_eq!(small.lost(), 0);
}
