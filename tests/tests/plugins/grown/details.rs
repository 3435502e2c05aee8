//! What a program can read of an error, beside the error of the contract.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use solti_model::TaskSpec;
use solti_plugin_host::{BuildContext, CallError, ErrorDetails, Spawn};
use tokio_util::sync::CancellationToken;

use super::{plugin, soon};
use crate::support::{Host, command};

/// A context of one build, and where the details of its error go.
fn context(host: &Host) -> (BuildContext, ErrorDetails) {
    let details = ErrorDetails::new();
    let context = host.router.context().clone();
    (context.with_error_details(details.clone()), details)
}

/// The text of a build's error, and its details.
async fn refused(host: &Host, spec: &TaskSpec) -> (String, Map<String, Value>) {
    let (context, details) = context(host);
    let built = soon(host.router.build_async_in(spec, context)).await;
    (built.map(drop).unwrap_err().to_string(), details.get())
}

/// Checks what is told of a panic of the plugin `modern`.
fn assert_panic(details: &Map<String, Value>, message: &str, thread: &str, file: &str) {
    assert_eq!(details["error"], "panicked");
    let panic = &details["panic"];
    assert_eq!(panic["plugin"], "modern");
    assert_eq!(panic["message"], message);
    assert_eq!(panic["thread"], thread);
    assert!(panic["file"].as_str().unwrap().ends_with(file), "{panic}");
    assert!(panic["line"].as_u64() > Some(0), "{panic}");
}

#[tokio::test]
async fn a_build_that_is_refused_says_more_of_it_for_a_program() {
    let host = Host::with(&["modern"]);
    let spec = command("s", "build-invalid", &[]);
    let (text, details) = refused(&host, &spec).await;
    assert_eq!(text, "invalid specification: told to refuse");
    assert_eq!(Value::Object(details), json!({ "field": "command" }));

    let (context, details) = context(&host);
    let runner = host.router.pick(&spec).unwrap();
    assert!(runner.build_task(&spec, &context).is_err());
    assert_eq!(details.get()["field"], "command");
    // Without a place for them nothing is kept, and nothing is wrong.
    assert!(host.router.build(&spec).is_err());

    let (_, details) = refused(&host, &command("s", "build-panics", &[])).await;
    let message = "told to panic while building";
    assert_panic(&details, message, "plugin-build", "modern/src/lib.rs");
}

#[tokio::test]
async fn a_build_that_was_cancelled_is_told_from_one_that_failed() {
    let host = Host::with(&["modern"]);
    let directory = tempfile::tempdir().unwrap();
    let mark = directory.path().join("mark");
    let spec = command("s", "build-waits", &[mark.to_str().unwrap()]);
    let canceled = (
        "internal error: the build was cancelled".to_owned(),
        Map::from_iter([("error".to_owned(), json!("canceled"))]),
    );
    // By the host.
    let (context, details) = context(&host);
    let cancel = CancellationToken::new();
    let building = host
        .router
        .build_async_in(&spec, context.with_cancellation(cancel.clone()));
    let canceler = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        cancel.cancel();
    };
    let (built, ()) = soon(async { tokio::join!(building, canceler) }).await;
    let text = built.map(drop).unwrap_err().to_string();
    assert_eq!((text, details.get()), canceled);
    // By the plugin, which shuts down: then it is its error that says so, by a code of its own.
    let shutdown = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let plugin = plugin(&host).clone();
        let shutdown = move || plugin.shutdown(Duration::from_secs(1));
        tokio::task::spawn_blocking(shutdown).await.unwrap();
    };
    let (refused, ()) = soon(async { tokio::join!(refused(&host, &spec), shutdown) }).await;
    assert_eq!(refused, canceled);
}

#[tokio::test]
async fn an_attempt_that_panics_or_never_began_says_so_in_its_outcome() {
    let host = Host::with(&["modern"]);
    let task = host.build(&command("s", "panic", &[]));
    let attempt = Spawn::new(1).begin(&task, CancellationToken::new());
    assert!(soon(attempt.future).await.is_err());
    let details = attempt.control.outcome().details;
    let file = "modern/src/behaviour.rs";
    assert_panic(&details, "told to panic", "plugin-worker", file);
    // One that goes on elsewhere has no place.
    let task = host.build(&command("s", "resume", &[]));
    let attempt = Spawn::new(1).begin(&task, CancellationToken::new());
    assert!(soon(attempt.future).await.is_err());
    let details = attempt.control.outcome().details;
    let told = json!({ "error": "panicked", "panic": { "message": "carried over" } });
    assert_eq!(Value::Object(details), told);

    let task = host.build(&command("s", "number", &[]));
    plugin(&host).drain();
    let attempt = Spawn::new(1).begin(&task, CancellationToken::new());
    assert!(soon(attempt.future).await.is_err());
    assert_eq!(attempt.control.outcome().details["error"], "draining");
}

#[tokio::test]
async fn a_method_that_fails_or_panics_says_more_of_it_for_a_program() {
    let host = Host::with(&["modern"]);
    let runner = host.router.pick(&command("s", "number", &[])).unwrap();
    let failed = soon(runner.call("fail", Bytes::new())).await.unwrap_err();
    let told = CallError::failed("fail", "told to fail").with_detail("tries", 3);
    assert_eq!(failed, told);
    let panicked = soon(runner.call("panic", Bytes::new())).await.unwrap_err();
    let CallError::Failed { details, .. } = panicked else {
        panic!("{panicked:?}");
    };
    assert_eq!(details["panic"]["message"], "told to panic in a method");
    assert_eq!(details["panic"]["thread"], "plugin-worker");
}
