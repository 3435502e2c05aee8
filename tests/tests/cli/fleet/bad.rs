//! Servers that are away, refuse, or are another's.

use std::process::Command;

use super::{Fleet, said};
use crate::Place;
use crate::serve::Serving;
use e2e::nats::{Server, free_port, is_there};

#[test]
fn a_server_that_is_not_there_is_told_and_the_hosts_own_api_stays_up_until_it_is() {
    if !is_there() {
        return;
    }
    let port = free_port();
    let url = format!("nats://127.0.0.1:{port}");
    let (code, stdout, stderr) = said(&url, &["tasks"]);
    assert_eq!((code, &*stdout), (2, ""));
    assert!(
        stderr.starts_with(&format!("error: the queue at {url} is not reached: ")),
        "{stderr}"
    );
    let place = Place::with(&["subprocess"]);
    let host = Serving::start(&place, &["--queue", &url]);
    let name = host.submit(&crate::shell("own", "echo own"));
    assert_eq!(host.ended(&name)["phase"], "succeeded");
    let server = Server::on(port, &["-js"]);
    let (_, _, stderr) = said(&url, &["queue", "status"]);
    assert_eq!(
        stderr,
        format!(
            "error: there is no queue at {url} yet: SOLTI_TASKS is missing; run `solti-host queue init` \
             once\n"
        )
    );
    let fleet = Fleet { server };
    fleet.done(&["queue", "init"]);
    fleet.done(&["submit", "--wait", "--", "true"]);
}

#[test]
fn a_server_without_streams_or_with_other_passwords_is_told_with_what_to_do() {
    if !is_there() {
        return;
    }
    let plain = Server::on(free_port(), &[]);
    let url = plain.url();
    let (code, _, stderr) = said(&url, &["queue", "init"]);
    assert_eq!(code, 2);
    assert_eq!(
        stderr,
        format!(
            "error: the server at {url} keeps no streams: JetStream is off there, or not enabled for this \
             account; start it with `-js`, or with `jetstream` in its configuration\n"
        )
    );
    let locked = Server::on(free_port(), &["-js", "--user", "me", "--pass", "secret"]);
    let address = format!("127.0.0.1:{}", locked.port());
    let (code, _, stderr) = said(&format!("nats://me:wrong@{address}"), &["queue", "init"]);
    assert_eq!(code, 2);
    assert_eq!(
        stderr,
        format!(
            "error: the queue at nats://{address} is not reached: it does not accept who asks: check the \
             user and password in the address, the credentials or the token\n"
        )
    );
    let (code, ..) = said(&format!("nats://me:secret@{address}"), &["queue", "init"]);
    assert_eq!(code, 0);
}

#[test]
fn a_set_up_shows_its_plan_is_done_once_and_takes_no_room_away() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let fleet = Fleet { server };
    let plan = fleet.done(&["queue", "init", "--dry-run"]);
    assert!(
        plan.starts_with("SOLTI_TASKS: would be made: the tasks that wait or run; on one server\n"),
        "{plan}"
    );
    let (code, ..) = fleet.said(&["queue", "status"]);
    assert_eq!(code, 2, "nothing was made");
    let made = fleet.done(&["queue", "init"]);
    assert_eq!(made.lines().count(), 7, "{made}");
    let again = fleet.done(&["queue", "init"]);
    assert!(
        again
            .lines()
            .all(|line| line.ends_with(": is as it is to be")),
        "{again}"
    );
    let grown = fleet.done(&[
        "queue",
        "init",
        "--output-age",
        "8days",
        "--output-bytes",
        "2000000",
    ]);
    assert!(
        grown.contains("SOLTI_OUTPUT: changed: age 7 days to 8 days\n"),
        "{grown}"
    );
    let kept = fleet.done(&["queue", "init", "--output-age", "1days"]);
    assert!(
        kept.contains(
            "SOLTI_OUTPUT: stays as it is, since nothing here gets less room: age 8 days to 1 days\n"
        ),
        "{kept}"
    );
}

#[test]
fn a_stream_of_another_shape_is_left_alone_and_nothing_is_begun() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let fleet = Fleet { server };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let client = async_nats::connect(fleet.url()).await.unwrap();
        let context = async_nats::jetstream::new(client);
        let config = async_nats::jetstream::stream::Config {
            name: "SOLTI_DEAD".to_owned(),
            subjects: vec!["elsewhere".to_owned()],
            ..Default::default()
        };
        context.create_stream(config).await.unwrap();
    });
    let (code, stdout, stderr) = fleet.said(&["queue", "init"]);
    assert_eq!((code, &*stdout), (2, ""));
    assert_eq!(
        stderr,
        "error: the stream SOLTI_DEAD is there and is another: its subjects is elsewhere, expected \
         solti.dead.>; it belongs to something else, or was changed by hand: move what it has elsewhere, \
         delete it, and run `solti-host queue init` again\n"
    );
    let (_, _, stderr) = fleet.said(&["queue", "status"]);
    assert!(stderr.contains("SOLTI_TASKS is missing"), "{stderr}");
}

#[test]
fn an_address_that_is_none_is_refused_before_the_service_starts() {
    let place = Place::with(&["subprocess"]);
    let mut serve: Command = place.command("serve", &["--queue", "http://a:1", "--state"]);
    let ended = crate::end(serve.arg(place.directory.path().join("state")));
    assert_eq!(ended.code, Some(2));
    assert_eq!(
        ended.stderr,
        "error: queue.urls: \"http://a:1\" is no address of a queue: http is another protocol; expected \
         nats://HOST:PORT or tls://HOST:PORT\n"
    );
}

#[test]
fn what_a_queue_does_not_take_is_named_before_anything_is_put_into_it() {
    let Some(fleet) = Fleet::with(&[]) else {
        return;
    };
    let place = Place::with(&[]);
    let good = crate::command("good", "true", &[]);
    let bad = crate::with(
        good.clone(),
        serde_json::json!({ "onInterrupt": "sometimes" }),
    );
    let file = place.file("bad.json", serde_json::json!([bad]));
    let (code, stdout, stderr) = fleet.said(&["submit", &file]);
    assert_eq!((code, &*stdout), (2, ""));
    assert_eq!(
        stderr,
        format!("error: {file}[0]: onInterrupt: is \"sometimes\", expected rerun or fail\n")
    );
    assert_eq!(fleet.status()["tasks"], serde_json::json!([]));
}
