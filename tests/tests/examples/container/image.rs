//! Where the image comes from, and what is said when it does not.

use solti_plugin_host::RunnerErrorKind;

use super::fake::Fake;
use super::{failed, failure_of, runs, spec, until};

/// What an engine says of an image that is not there.
const MISSING: &str = "echo 'Error: image: image not known' >&2; exit 125";

/// The subcommands up to the run, without the call for the version.
fn asked(fake: &Fake) -> Vec<String> {
    let mut verbs: Vec<String> = fake
        .calls()
        .iter()
        .map(|call| call.split('|').next().unwrap().to_owned())
        // The search for leftovers has its own time.
        .filter(|verb| verb != "--version" && verb != "ps")
        .collect();
    verbs.truncate(3);
    verbs
}

#[tokio::test]
async fn an_image_that_is_there_is_not_pulled() {
    for pull in ["missing", "never"] {
        let fake = Fake::new();
        let host = fake.host_with(&format!("pull = {pull:?}"));
        host.run(&spec()).await.0.unwrap();
        assert_eq!(asked(&fake), ["image", "run", "rm"]);
        assert_eq!(
            fake.calls_of("image"),
            ["image|inspect|--format|present|image|"]
        );
    }
}

#[tokio::test]
async fn a_missing_image_is_pulled_unless_the_operator_forbids_it() {
    let fake = Fake::new().on("image", MISSING);
    fake.host().run(&spec()).await.0.unwrap();
    assert_eq!(asked(&fake), ["image", "pull", "run"]);
    assert_eq!(fake.calls_of("pull"), ["pull|--quiet|image|"]);

    let fake = Fake::new().on("image", MISSING);
    let host = fake.host_with("pull = \"never\"");
    let (end, _) = host.run(&spec()).await;
    assert_eq!(
        failed(end),
        (
            // The engine's reason may be another one: that the name is none.
            "image \"image\" is not on this machine, and config.pull is \"never\": \
             Error: image: image not known"
                .to_owned(),
            None
        )
    );
    assert_eq!(
        host.metrics.all(),
        failure_of(RunnerErrorKind::ModuleLoadFailed)
    );
    assert_eq!(asked(&fake), ["image"]);
}

#[tokio::test]
async fn an_image_can_be_pulled_before_each_attempt() {
    let fake = Fake::new();
    let host = fake.host_with("pull = \"always\"");
    host.run(&spec()).await.0.unwrap();
    assert_eq!(asked(&fake), ["pull", "run", "rm"]);
}

#[tokio::test]
async fn an_image_that_cannot_be_pulled_is_named_with_the_engines_reason() {
    let fake = Fake::new()
        .on("image", MISSING)
        .on("pull", "echo 'Error: connection refused' >&2; exit 125");
    let host = fake.host();
    let (end, lines) = host.run(&spec()).await;
    assert_eq!(
        failed(end),
        (
            "image \"image\" could not be pulled: Error: connection refused".to_owned(),
            None
        )
    );
    assert_eq!(
        host.metrics.all(),
        failure_of(RunnerErrorKind::ModuleLoadFailed)
    );
    // The engine's words are not the task's.
    assert!(lines.is_empty(), "{lines:?}");
}

#[tokio::test]
async fn an_engine_without_its_daemon_is_not_taken_for_a_missing_image() {
    const DOWN: &str = "echo 'Cannot connect to the daemon' >&2; exit 1";
    let fake = Fake::new().on("image", DOWN).on("ps", DOWN);
    let host = fake.host_with("pull = \"never\"");
    let (end, _) = host.run(&spec()).await;
    assert_eq!(
        failed(end),
        (
            "the container engine failed: \"engine ps\": Cannot connect to the daemon".to_owned(),
            None
        )
    );
    assert_eq!(
        host.metrics.all(),
        failure_of(RunnerErrorKind::BackendConfigFailed)
    );
}

/// A registry that answers slowly would keep the engine busy for a task that nobody wants any more.
#[tokio::test]
async fn a_build_that_is_cancelled_ends_its_pull() {
    let fake = Fake::new()
        .on("image", MISSING)
        .on("pull", "echo $$ >$here/pulling; exec sleep 600");
    let host = fake.host();
    let spec = spec();
    let pulling = || {
        let pid = std::fs::read_to_string(fake.directory().join("pulling"));
        pid.ok()?.trim().parse::<u32>().ok()
    };
    tokio::select! {
        _ = host.router.build_async(&spec) => panic!("it is built without its image"),
        () = until("the image is pulled", || pulling().is_some()) => {}
    }
    let pid = pulling().unwrap();
    until("the pull has ended", || !runs(pid)).await;
    assert_eq!(host.registry.active_channels(), 0);
}
