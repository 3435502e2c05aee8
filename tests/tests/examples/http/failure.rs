//! What goes wrong between a request and its answer, and what is tried again.

use std::time::{Duration, Instant};

use serde_json::json;
use solti_plugin_host::Spawn;
use taskvisor::TaskError;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{Reply, Server, build, check, failed, fatal, host, reply, run};
use crate::support::{SOON, until};

#[tokio::test]
async fn what_another_attempt_may_cure_is_tried_again_and_the_rest_is_not() {
    let host = host();
    let of = async |status: &'static str, headers: &'static str| {
        let server = Server::plain(move |_| reply(status, headers, "")).await;
        let (end, details) = run(&host, &check(&server.url("/?key=s3cret"), json!({}))).await;
        (end, details, format!("GET {} answered", server.url("/")))
    };
    let (end, details, said) = of("503 Service Unavailable", "").await;
    assert_eq!(
        failed(end),
        format!("{said} 503 Service Unavailable, expected 2xx")
    );
    assert_eq!(details["status"], 503);
    let (end, details, said) = of("429 Too Many Requests", "retry-after: 120\r\n").await;
    assert_eq!(
        failed(end),
        format!("{said} 429 Too Many Requests (Retry-After: 120), expected 2xx")
    );
    assert_eq!(details["retryAfter"], "120");
    let (end, _, said) = of("404 Not Found", "").await;
    assert_eq!(fatal(end), format!("{said} 404 Not Found, expected 2xx"));

    let server = Server::plain(|_| reply("404 Not Found", "", "")).await;
    let gone = check(&server.url("/"), json!({ "expectStatus": [404, "5xx"] }));
    run(&host, &gone).await.0.unwrap();
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_and_tried_again() {
    let host = host();
    // A port that was free just now, and that nobody listens on.
    let address = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let (end, details) = run(&host, &check(&format!("http://{address}/"), json!({}))).await;
    assert_eq!(
        failed(end),
        format!("{address} cannot be reached: Connection refused (os error 111)")
    );
    assert!(!details.contains_key("status"), "{details:?}");
}

#[tokio::test]
async fn a_server_that_is_slow_is_given_up_and_the_reason_says_how_far_it_had_come() {
    let host = host();
    for (reply, step) in [
        ("", "waiting for the answer"),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
            "reading the body",
        ),
    ] {
        let server = Server::plain(move |_| Reply::Hang(reply.to_owned())).await;
        let slow = check(&server.url("/"), json!({ "maxTime": 300 }));
        let (end, _) = run(&host, &slow).await;
        assert_eq!(
            failed(end),
            format!("no whole answer within 300ms: the time was over while {step}")
        );
        until("the connection ends", || server.ended() == 1).await;
    }
}

#[tokio::test]
async fn a_server_that_goes_away_midway_or_speaks_another_protocol_is_told_apart() {
    let host = host();
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf";
    let server = Server::plain(move |_| Reply::Bytes(half.to_owned())).await;
    let (end, details) = run(&host, &check(&server.url("/"), json!({}))).await;
    let said = failed(end);
    let broke = format!(
        "the connection to {} broke while reading the body: ",
        server.address
    );
    assert!(said.starts_with(&broke), "{said}");
    assert_eq!(details["bodyBytes"], 4);

    let server = Server::plain(|_| Reply::Bytes(String::new())).await;
    let said = failed(run(&host, &check(&server.url("/"), json!({}))).await.0);
    let broke = format!(
        "the connection to {} broke while waiting for the answer: ",
        server.address
    );
    assert!(said.starts_with(&broke), "{said}");

    let server = Server::plain(|_| Reply::Bytes("220 mail.example ESMTP\r\n".to_owned())).await;
    let said = fatal(run(&host, &check(&server.url("/"), json!({}))).await.0);
    let other = format!("{} does not answer in HTTP/1: ", server.address);
    assert!(said.starts_with(&other), "{said}");
    // Nor TLS.
    let said = fatal(
        run(&host, &check(&server.secure_url("/"), json!({})))
            .await
            .0,
    );
    let port = server.address.port();
    assert!(
        said.starts_with(&format!("no TLS with localhost:{port}: "))
            || said.starts_with("no roots of trust"),
        "{said}"
    );
}

#[tokio::test]
async fn redirects_are_followed_as_far_as_the_task_says() {
    let server = Server::plain(|request| match request.split(' ').nth(1).unwrap() {
        "/start" => reply("302 Found", "location: end?key=s3cret\r\n", "not this"),
        "/loop" => reply("302 Found", "location: /loop\r\n", ""),
        _ => reply("200 OK", "", "arrived"),
    })
    .await;
    let host = host();
    let found = check(&server.url("/start"), json!({ "expectText": "arrived" }));
    let (end, details) = run(&host, &found).await;
    end.unwrap();
    assert_eq!(details["redirects"], 1);
    assert_eq!(details["bodyBytes"], 7);

    let looping = check(&server.url("/loop"), json!({ "redirects": 3 }));
    assert_eq!(
        fatal(run(&host, &looping).await.0),
        format!(
            "more than 3 redirects, the last one to {}",
            server.url("/loop")
        )
    );
    let asked = server
        .asked()
        .iter()
        .filter(|it| it.starts_with("GET /loop"))
        .count();
    assert_eq!(asked, 4);

    let not_at_all = check(&server.url("/start"), json!({ "redirects": 0 }));
    assert_eq!(
        fatal(run(&host, &not_at_all).await.0),
        format!(
            "GET {} answered 302 Found, expected 2xx",
            server.url("/start")
        )
    );
    let expected = json!({ "expectStatus": [302] });
    run(&host, &check(&server.url("/start"), expected))
        .await
        .0
        .unwrap();
}

#[tokio::test]
async fn a_cancelled_or_dropped_attempt_ends_its_connection_at_once() {
    let server = Server::plain(|_| Reply::Hang(String::new())).await;
    let host = host();
    let task = build(
        &host,
        &check(&server.url("/"), json!({ "maxTime": 600_000 })),
    );
    let cancel = CancellationToken::new();
    let running = tokio::spawn(Spawn::new(1).begin(&task, cancel.clone()).future);
    until("it is asked", || server.asked().len() == 1).await;
    let began = Instant::now();
    cancel.cancel();
    let end = tokio::time::timeout(SOON, running).await.unwrap().unwrap();
    assert!(matches!(end, Err(TaskError::Canceled)), "{end:?}");
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    until("the connection ends", || server.ended() == 1).await;

    let running = tokio::spawn(Spawn::new(2).begin(&task, CancellationToken::new()).future);
    until("it is asked", || server.asked().len() == 2).await;
    running.abort();
    until("the connection ends", || server.ended() == 2).await;

    let cancelled = CancellationToken::new();
    cancelled.cancel();
    let end = Spawn::new(3).begin(&task, cancelled).future.await;
    assert!(matches!(end, Err(TaskError::Canceled)), "{end:?}");
    assert_eq!(server.asked().len(), 2, "nobody is asked");
}
