//! A service that takes the place of another one.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use e2e::http::Client;
use serde_json::Value;

use super::{Serving, state_of};
use crate::{Place, shell};

/// Each request has a connection of its own, as the worst client has.
#[test]
fn nobody_is_refused_and_no_task_is_lost_while_one_service_takes_the_place_of_another() {
    let place = Place::with(&["subprocess"]);
    let mut serving = Serving::start(&place, &["--listen", "127.0.0.1:0"]);
    let address = serving.address("http");
    let token = std::fs::read_to_string(state_of(&place).join("token")).unwrap();
    let bearer = format!("Bearer {}", token.trim());
    let (stop, taken) = (AtomicBool::new(false), AtomicUsize::new(0));
    let listen = address.to_string();
    thread::scope(|scope| {
        for of in 0..4 {
            let (stop, taken, bearer) = (&stop, &taken, &bearer);
            let client = if of % 2 == 0 {
                Client::Tcp(address)
            } else {
                Client::Unix(state_of(&place).join("service.sock"))
            };
            scope.spawn(move || {
                let headers = [("authorization", bearer.as_str())];
                while !stop.load(Ordering::Relaxed) {
                    let spec = shell(&format!("of-{of}"), "true").to_string();
                    let answer = client.send("POST", "/v1/tasks", &headers, spec.as_bytes());
                    assert_eq!(answer.status, 201, "{}", answer.text());
                    taken.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for _ in 0..3 {
            thread::sleep(Duration::from_millis(150));
            let next = Serving::start(&place, &["--listen", &listen, "--take-over"]);
            assert_eq!(next.address("http"), address);
            let before = std::mem::replace(&mut serving, next);
            let (code, stderr) = before.running.end();
            assert_eq!(code, Some(0), "{stderr}");
        }
        thread::sleep(Duration::from_millis(150));
        stop.store(true, Ordering::Relaxed);
    });
    let mut found = 0;
    let mut before = String::new();
    loop {
        let list = serving.get(&format!("/v1/tasks?limit=1000{before}")).json();
        found += list["tasks"].as_array().unwrap().len();
        match &list["next"] {
            Value::Null => break,
            next => before = format!("&before={next}"),
        }
    }
    assert_eq!(found, taken.into_inner());
    assert!(found > 20, "{found}");
    let (code, _) = serving.terminate();
    assert_eq!(code, Some(0));
    assert!(!state_of(&place).join("service.sock").exists());
    assert!(!state_of(&place).join("handover.sock").exists());
}
