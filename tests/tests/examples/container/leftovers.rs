//! What a host that was killed has left behind.

use std::time::Duration;

use super::fake::Fake;
use super::{owner, spec, started, until};
use crate::support::{Host, SOON, alone, has_a_worker};

#[tokio::test]
async fn only_containers_of_hosts_that_are_gone_are_removed() {
    let gone = owner(std::process::id(), started() - 1);
    let ours = owner(std::process::id(), started());
    let elsewhere = gone.replace(".", ".0");
    let inspect = format!(
        "case $last in
            gone) echo {gone};;
            ours) echo {ours};;
            elsewhere) echo {elsewhere};;
            other) echo '<no value>';;
            vanished) echo 'no such container' >&2; exit 125;;
            last) echo {gone};;
        esac
        exit"
    );
    let fake = Fake::new()
        .on(
            "ps",
            "printf '%s\\n' gone ours elsewhere other vanished last; exit",
        )
        .on("inspect", &inspect);
    // With the first task: until there is one, nobody may ever need the engine.
    let host = fake.host();
    host.run(&spec()).await.0.unwrap();
    let last = "rm|--force|--volumes|last|".to_owned();
    until("the last one is removed", || fake.calls().contains(&last)).await;
    let mut removed = fake.calls_of("rm");
    removed.retain(|call| !call.contains("solti-"));
    assert_eq!(removed, ["rm|--force|--volumes|gone|", &last]);
    assert_eq!(fake.calls_of("kill"), ["kill|gone|", "kill|last|"]);
    assert_eq!(
        fake.calls_of("ps"),
        ["ps|--all|--quiet|--filter|label=solti.plugin=container|"]
    );
}

#[tokio::test]
async fn a_plugin_without_an_engine_starts_no_thread() {
    const TEST: &str = "container::leftovers::a_plugin_without_an_engine_starts_no_thread";
    let empty = tempfile::tempdir().unwrap();
    if !alone(TEST, |command| {
        command.env("PATH", empty.path());
    }) {
        return;
    }
    let _host = Host::with(&["container"]);
    assert!(!has_a_worker());
}

#[tokio::test]
async fn leftovers_are_looked_for_once() {
    let fake = Fake::new();
    let host = fake.host();
    for _ in 0..3 {
        host.run(&spec()).await.0.unwrap();
    }
    until("they are looked for", || !fake.calls_of("ps").is_empty()).await;
    assert_eq!(fake.calls_of("ps").len(), 1);
    assert_eq!(fake.calls_of("--version").len(), 1);
}

#[tokio::test]
async fn no_engine_is_asked_before_there_is_a_task_for_it() {
    let fake = Fake::new();
    let host = fake.host();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(fake.calls(), [""; 0]);
    host.run(&spec()).await.0.unwrap();
    assert_eq!(fake.calls_of("--version").len(), 1);
}

#[tokio::test]
async fn a_search_that_fails_fails_no_task() {
    let fake = Fake::new().on("ps", "echo broken >&2; exit 125");
    let host = fake.host();
    host.run(&spec()).await.0.unwrap();
}

/// As with a daemon that comes up after the host.
#[tokio::test]
async fn a_search_that_failed_is_made_again_with_a_later_task() {
    let gone = owner(std::process::id(), started() - 1);
    let fake = Fake::new()
        .on(
            "ps",
            "if ! test -e $here/up; then : >$here/failed; echo 'no daemon' >&2; exit 1; fi
            echo left
            exit",
        )
        .on("inspect", &format!("echo {gone}; exit"));
    let host = fake.host();
    host.run(&spec()).await.0.unwrap();
    let failed = fake.directory().join("failed");
    until("the first search fails", || failed.exists()).await;
    std::fs::write(fake.directory().join("up"), "").unwrap();
    let removal = "rm|--force|--volumes|left|".to_owned();
    let again = async {
        while !fake.calls().contains(&removal) {
            host.run(&spec()).await.0.unwrap();
        }
    };
    tokio::time::timeout(SOON, again).await.unwrap();
    // It has succeeded now.
    let searches = fake.calls_of("ps").len();
    host.run(&spec()).await.0.unwrap();
    assert_eq!(fake.calls_of("ps").len(), searches);
}
