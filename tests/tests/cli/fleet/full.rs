//! A server whose disk is full.

use std::time::{Duration, Instant};

use e2e::nats::Server;

use super::Fleet;
use crate::Place;

/// How long it may take until all is sent again: each block waits for its answer in vain first.
const PATIENCE: Duration = Duration::from_secs(240);

/// What is left of a disk that is full for a host: no more than a block takes, of 256 KiB.
const ROOM: u64 = 512 << 10;

#[test]
fn a_server_whose_disk_is_full_loses_nothing_and_goes_on_when_there_is_room() {
    let Some(server) = Server::on_small_disk("16m") else {
        return;
    };
    let mut fleet = Fleet { server };
    fleet.done(&["queue", "init"]);
    let place = Place::with(&["subprocess"]);
    let host = fleet.host(&place, &[]);
    // More than the disk takes.
    fleet.done(&["submit", "--name", "big", "--", "seq", "5000000"]);
    let began = Instant::now();
    while fleet.server.room() > ROOM {
        assert!(began.elapsed() < super::SOON, "its disk does not fill");
        std::thread::sleep(Duration::from_millis(100));
    }
    std::thread::sleep(Duration::from_secs(1));
    // The host goes on by itself.
    host.ended(&host.submit(&crate::shell("own", "true")));

    fleet.server.kill();
    fleet.server.more_room("256m");
    fleet.server.run();
    fleet.server.is_ready();
    let began = Instant::now();
    loop {
        let (code, stdout, stderr) = fleet.said(&["task", "big", "--json"]);
        if code == 0 && stdout.contains("\"succeeded\"") {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "{stdout}{stderr}");
        std::thread::sleep(Duration::from_millis(500));
    }
    let lines = fleet.done(&["logs", "big"]);
    assert!(
        lines
            .lines()
            .map(str::to_owned)
            .eq((1..=5_000_000).map(|it| it.to_string()))
    );
    assert_eq!(
        fleet.done(&["submit", "--wait", "--name", "next", "--", "true"]),
        "next\n"
    );
}
