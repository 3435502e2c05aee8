//! Hosts and servers that die, and ways between them that are cut.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use solti_plugin_queue::{Queue, QueueAddress};

use super::proxy::Proxy;
use super::{Fleet, said};
use crate::Place;
use crate::serve::Serving;
use e2e::nats::{Server, cluster};

/// How many tasks there are, where a person asks for another number.
const TASKS: &str = "SOLTI_FLEET_TASKS";

/// How many tasks there are; many more where all is tried in full.
fn tasks() -> usize {
    let asked = std::env::var(TASKS).map(|it| it.parse().unwrap());
    asked.unwrap_or(if e2e::is_thorough() { 1500 } else { 300 })
}

/// Asks until it works: an election takes a moment.
fn insist(url: &str, words: &[&str]) -> String {
    let began = Instant::now();
    loop {
        let (code, stdout, stderr) = said(url, words);
        if code == 0 {
            return stdout;
        }
        assert!(
            began.elapsed() < Duration::from_secs(120),
            "{words:?}: {stdout}{stderr}"
        );
        std::thread::sleep(Duration::from_millis(500));
    }
}

fn status(url: &str) -> Value {
    serde_json::from_str(&insist(url, &["queue", "status", "--json"])).unwrap()
}

/// Tasks that wait or run.
fn in_flight(status: &Value) -> u64 {
    let tasks = status["tasks"].as_array().unwrap().iter();
    let number = |it: &Value| it.as_u64().unwrap();
    tasks
        .map(|it| number(&it["waiting"]) + number(&it["running"]))
        .sum()
}

#[test]
fn every_task_has_one_result_and_all_of_its_output_whatever_dies_meanwhile() {
    let Some(mut servers) = cluster() else { return };
    let proxy = Proxy::to(servers[1].port());
    let urls: Vec<_> = servers.iter().map(Server::url).collect();
    let all = urls.join(",");
    insist(
        &all,
        &[
            "queue",
            "init",
            "--replicas",
            "3",
            "--lease",
            "4s",
            "--deliveries",
            "20",
        ],
    );

    let place = Place::with(&[]);
    let kinds = ["hello", "north", "south"];
    let specs: Vec<_> = (0..tasks())
        .map(|n| {
            let (command, args) = match kinds[n % 3] {
                "hello" => ("hello", vec![format!("n{n}")]),
                site => ("sh", vec!["-c".to_owned(), format!("echo {site} {n}; seq 100; echo end {n}")]),
            };
            let mut spec = json!({
                "name": format!("t{n}"), "slot": format!("s{n}"), "timeout": 60_000,
                "kind": { "subprocess": { "mode": { "command": { "command": command, "args": args } } } },
            });
            if kinds[n % 3] != "hello" {
                spec["runnerSelector"] = json!({ "matchLabels": { kinds[n % 3]: "yes" } });
            } else {
                spec["runnerSelector"] = json!({ "matchLabels": { "greets": "yes" } });
            }
            spec
        })
        .collect();
    let specs = place.file("specs.json", json!(specs));
    insist(&all, &["submit", &specs]);

    let places: Vec<_> = (0..3).map(|_| host_place()).collect();
    let ways = [all.clone(), proxy.url(), all.clone()];
    let start = |number: usize| {
        let name = format!("h{number}");
        let words = [
            "--queue",
            &ways[number],
            "--queue-name",
            &name,
            "--jobs",
            "8",
            "--grace",
            "1s",
        ];
        Serving::start(&places[number], &words)
    };
    let mut hosts: Vec<_> = (0..3).map(|number| Some(start(number))).collect();
    let half = tasks() as u64 / 4;
    until(&all, |status| in_flight(status) < tasks() as u64 - half);
    hosts[0].take().unwrap().kill();
    proxy.hold(true);
    servers[2].kill();
    std::thread::sleep(Duration::from_secs(2));
    proxy.hold(false);
    proxy.cut();
    proxy.shut(true);
    std::thread::sleep(Duration::from_secs(1));
    proxy.shut(false);
    servers[2].run();
    servers[2].is_ready();
    hosts[0] = Some(start(0));

    until(&all, |status| in_flight(status) == 0);
    let listed = insist(&all, &["tasks", "-n", "0", "--json"]);
    let listed: Vec<Value> = listed
        .lines()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect();
    assert_eq!(listed.len(), tasks());
    let mut phases = HashMap::<&str, usize>::new();
    let mut again = 0;
    for task in &listed {
        *phases.entry(task["phase"].as_str().unwrap()).or_default() += 1;
        again += usize::from(task["attempts"].as_u64().unwrap() > 1);
    }
    assert_eq!(phases, HashMap::from([("succeeded", tasks())]));
    eprintln!("{again} of {} tasks were delivered more than once", tasks());
    assert_eq!(status(&all)["dead"], json!([]));
    every_block_is_there(&all, &listed);
    // Those that ran twice, and some others: what their results' deliveries have written is whole.
    let looked_at = listed
        .iter()
        .enumerate()
        .filter(|(at, task)| at % 37 == 0 || task["attempts"].as_u64().unwrap() > 1);
    for (_, task) in looked_at.take(120) {
        let name = task["name"].as_str().unwrap();
        let n: usize = name[1..].parse().unwrap();
        let lines = insist(&all, &["logs", name]);
        match kinds[n % 3] {
            "hello" => assert!(lines.contains(&format!("hello, n{n}")), "{name}: {lines}"),
            site => {
                let numbers: String = (1..=100).map(|it| format!("{it}\n")).collect();
                assert_eq!(lines, format!("{site} {n}\n{numbers}end {n}\n"), "{name}");
            }
        }
    }
}

/// What each result says that its delivery has written is in the queue, to the last byte.
fn every_block_is_there(url: &str, tasks: &[Value]) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let address = QueueAddress::new(url.split(',').map(str::to_owned));
        let queue = Queue::connect(&address, "test").await.unwrap();
        for task in tasks {
            let name = task["name"].as_str().unwrap();
            let outcome = queue.find(name).await.unwrap().outcome.unwrap();
            let mut blocks = queue.blocks(name, false, None).await.unwrap();
            let mut bytes = 0;
            while let Some(block) = blocks.next().await.unwrap() {
                if block.delivery == outcome.delivery {
                    assert_eq!(block.position, bytes, "{name}");
                    bytes += block.bytes.len() as u64;
                }
            }
            assert_eq!(bytes, outcome.output, "{name}");
        }
    });
}

/// The plugins of a host, whose runners have labels.
fn host_place() -> Place {
    let place = Place::with(&["hello", "subprocess"]);
    let label = |plugin: &str, labels: &str| {
        let sidecar = place.plugins().join(format!("{plugin}.toml"));
        std::fs::write(sidecar, format!("[labels]\n{labels}")).unwrap();
    };
    label("hello", "greets = \"yes\"\n");
    label("subprocess", "north = \"yes\"\nsouth = \"yes\"\n");
    place
}

fn until(url: &str, is: impl Fn(&Value) -> bool) {
    let began = Instant::now();
    loop {
        let status = status(url);
        if is(&status) {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(300), "{status:#}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_task_that_is_cancelled_while_its_host_is_cut_off_ends_once_and_for_good() {
    let Some(fleet) = Fleet::with(&["--lease", "2s"]) else {
        return;
    };
    let proxy = Proxy::to(fleet.server.port());
    let place = Place::with(&["subprocess"]);
    let words = ["--queue", &proxy.url(), "--grace", "1s"];
    let host = Serving::start(&place, &words);
    fleet.done(&["submit", "--name", "far", "--", "sleep", "600"]);
    fleet.until("far", |task| task["phase"] == "running");
    proxy.hold(true);
    fleet.done(&["cancel", "far"]);
    // Another host hears of it when the lease is over.
    let other = Place::with(&["subprocess"]);
    let _other = fleet.host(&other, &[]);
    let far = fleet.until("far", |task| task["phase"] == "canceled");
    // One delivery may have gone to the one that is cut off.
    assert!(far["attempts"].as_u64().unwrap() >= 2, "{far:#}");
    proxy.hold(false);
    // Back again, the first one is told as well.
    let tasks = || host.get("/v1/queue").json()["tasks"].clone();
    super::until(tasks, |tasks| *tasks == json!([]));
    assert_eq!(fleet.task("far"), far);
}

#[test]
fn a_host_whose_question_was_lost_with_its_connection_asks_again() {
    let Some(fleet) = Fleet::with(&["--lease", "2s"]) else {
        return;
    };
    let proxy = Proxy::to(fleet.server.port());
    let place = Place::with(&["subprocess"]);
    let _host = Serving::start(&place, &["--queue", &proxy.url()]);
    fleet.done(&["submit", "--wait", "--", "true"]);
    proxy.hold(true);
    // Whatever it waits for at the moment ends by itself, and what it asks then is never answered.
    std::thread::sleep(Duration::from_secs(10));
    proxy.cut();
    proxy.hold(false);
    fleet.done(&["submit", "--name", "after", "--", "true"]);
    fleet.until("after", |task| task["phase"] == "succeeded");
}

#[test]
fn a_host_that_is_stopped_gives_its_tasks_back_at_once() {
    let Some(fleet) = Fleet::with(&["--lease", "60s"]) else {
        return;
    };
    let place = Place::with(&["subprocess"]);
    let first = fleet.host(&place, &[]);
    let script = "if [ -e flag ]; then echo second; else touch flag; sleep 600; fi";
    let directory = place.directory.path().display().to_string();
    fleet.done(&[
        "submit", "--name", "moved", "--cwd", &directory, "--", "sh", "-c", script,
    ]);
    fleet.until("moved", |task| task["phase"] == "running");
    let flag = place.directory.path().join("flag");
    let began = Instant::now();
    while !flag.exists() {
        assert!(began.elapsed() < super::SOON, "it has not begun");
        std::thread::sleep(Duration::from_millis(10));
    }
    let other = Place::with(&["subprocess"]);
    let _second = fleet.host(&other, &[]);
    let (code, stderr) = first.terminate();
    assert_eq!(code, Some(0), "{stderr}");
    let moved = fleet.until("moved", |task| task["phase"] == "succeeded");
    assert_eq!(moved["attempts"], 2, "{moved:#}");
    assert_eq!(fleet.done(&["logs", "moved"]), "second\n");
}
