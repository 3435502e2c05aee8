//! The thinnest way through: a file in a directory, a task, a line.

use crate::support::{Host, command, texts};

#[tokio::test]
async fn a_library_dropped_into_a_directory_runs_a_task() {
    let host = Host::with(&["hello"]);
    let (end, lines) = host.run(&command("greet", "hello", &["plugin"])).await;
    end.unwrap();
    assert_eq!(texts(&lines), ["hello, plugin"]);
}

#[test]
fn a_runner_is_asked_when_the_kind_alone_does_not_decide() {
    let host = Host::with(&["hello"]);
    assert!(
        host.router
            .pick(&command("greet", "goodbye", &[]))
            .is_none()
    );
}
