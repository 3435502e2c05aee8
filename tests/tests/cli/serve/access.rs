//! Who may ask, and how long he may take.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use e2e::http::{Client, Streaming};

use super::{Serving, settings, state_of};
use crate::{Place, end, shell};

#[test]
fn over_tcp_only_who_knows_the_token_is_served() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &["--listen", "127.0.0.1:0"]);
    let file = state_of(&place).join("token");
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let socket = state_of(&place).join("service.sock");
    assert_eq!(
        std::fs::metadata(socket).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let token = std::fs::read_to_string(&file).unwrap().trim().to_owned();
    let client = Client::Tcp(serving.address("http"));
    let ask = |path: &str, headers: &[(&str, &str)]| client.send("GET", path, headers, b"");
    let almost = format!("Bearer {}", &token[..token.len() - 1]);
    let right = format!("Bearer {token}");
    assert_eq!(
        ask("/v1/tasks", &[]).error().2,
        "no token was sent: send `Authorization: Bearer TOKEN` with what is in the token file"
    );
    let refused = ask("/v1/tasks", &[("Authorization", &almost)]);
    assert_eq!(
        (refused.status, refused.header("www-authenticate")),
        (401, Some("Bearer"))
    );
    for path in [
        "/v1/tasks",
        "/v1/plugins",
        "/metrics",
        "/openapi.json",
        "/apis/solti.io/v1/tasks",
    ] {
        assert_eq!(ask(path, &[]).status, 401, "{path}");
        assert_eq!(
            ask(path, &[("Authorization", &right)]).status,
            200,
            "{path}"
        );
    }
    assert_eq!(ask("/livez", &[]).status, 200);
    let page = [
        ("Authorization", &*right),
        ("Origin", "http://evil.example"),
    ];
    assert_eq!(
        ask("/v1/tasks", &page).error(),
        (
            403,
            "origin_not_allowed".to_owned(),
            "nothing is for pages of \"http://evil.example\"".to_owned()
        )
    );
    let rebound = [("Authorization", &*right), ("Host", "evil.example:80")];
    assert_eq!(ask("/v1/tasks", &rebound).error().1, "host_not_allowed");
    // The token is the same in the next service.
    serving.terminate();
    let serving = Serving::start(&place, &["--listen", "127.0.0.1:0"]);
    let client = Client::Tcp(serving.address("http"));
    let answer = client.send("GET", "/v1/tasks", &[("Authorization", &right)], b"");
    assert_eq!(answer.status, 200);
}

#[test]
fn without_a_token_it_listens_on_loopback_alone() {
    let place = Place::with(&["subprocess"]);
    let state = state_of(&place).display().to_string();
    let words = ["--state", &state, "--no-auth", "--listen", "0.0.0.0:0"];
    let ended = end(&mut place.command("serve", &words));
    assert_eq!(ended.code, Some(2));
    assert_eq!(
        ended.stderr,
        "error: no_auth: 0.0.0.0:0 is no loopback address, and others can reach it: leave no_auth out\n"
    );
    let serving = Serving::start(&place, &["--no-auth", "--listen", "127.0.0.1:0"]);
    let client = Client::Tcp(serving.address("http"));
    assert_eq!(client.send("GET", "/v1/tasks", &[], b"").status, 200);
    assert_eq!(
        serving.terminate().1,
        "warning: no token is asked for: any user of this machine can run tasks as this one\n"
    );
}

#[test]
fn a_client_that_sends_slowly_holds_up_nobody_and_is_sent_away() {
    let place = Place::with(&["subprocess"]);
    let config = settings(
        &place,
        "[limits]\nheader_time = '300ms'\nbody_time = '300ms'\n",
    );
    let serving = Serving::start(&place, &["--config", &config]);
    let mut head = serving.client.connect();
    head.write_all(b"GET /v1/tasks HTTP/1.1\r\nHost: loc")
        .unwrap();
    let mut body = serving.client.connect();
    body.write_all(b"POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
        .unwrap();
    let name = serving.submit(&shell("a", "true"));
    serving.ended(&name);
    let answer = Streaming::read(body);
    assert_eq!(answer.status, 408);
    let mut rest = Vec::new();
    std::io::Read::read_to_end(&mut head, &mut rest).ok();
    assert!(
        rest.is_empty() || rest.starts_with(b"HTTP/1.1 408"),
        "{rest:?}"
    );
}

#[test]
fn a_reader_that_stops_reading_costs_no_other() {
    let place = Place::with(&["subprocess"]);
    let config = settings(&place, "[limits]\nreaders = 2\n");
    let serving = Serving::start(&place, &["--config", &config]);
    let name = serving.submit(&shell("a", "seq 300000; sleep 60"));
    let path = format!("/v1/tasks/{name}/output?follow");
    let accept = [("Accept", "text/event-stream")];
    let stopped = [0, 1].map(|_| serving.client.stream("GET", &path, &accept, b""));
    let third = serving.client.send("GET", &path, &accept, b"");
    assert_eq!(
        third.error(),
        (
            429,
            "too_many_readers".to_owned(),
            "2 readers follow output, and no more at the same time \
          (limits.readers)"
                .to_owned()
        )
    );
    let text = || {
        serving
            .get(&format!("/v1/tasks/{name}/output?tail=1"))
            .text()
    };
    let began = std::time::Instant::now();
    while text() != "300000\n" {
        assert!(began.elapsed() < crate::SOON, "{}", text());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    drop(stopped);
    assert_eq!(
        serving
            .post(&format!("/v1/tasks/{name}/cancel"), &json!({}))
            .status,
        200
    );
    serving.ended(&name);
}
