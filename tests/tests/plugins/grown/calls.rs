//! Kinds of a plugin's own, its methods, what it measures, and what it knows of its host.

use std::fs;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use solti_plugin_host::{CallError, PluginLoader, RunnerError, RunnerType, TaskOutcome, Workload};
use tokio_util::sync::CancellationToken;

use super::{GREETING, answer_of, plugin, soon};
use crate::support::{self, Host, Record, command, texts};

#[tokio::test]
async fn a_kind_that_the_model_has_no_room_for_is_routed_by_its_name() {
    let host = Host::with(&["modern"]);
    let spec = json!({ "name": "Ada" });
    let workload = Workload::new("hi", GREETING, 5_000_u64, spec);
    for task in [
        host.router.build_workload(&workload).unwrap(),
        host.router.build_workload_async(&workload).await.unwrap(),
    ] {
        let (end, lines) = host.attempt(&task, CancellationToken::new()).await;
        end.unwrap();
        assert_eq!(texts(&lines), ["hello Ada"]);
    }
    let greeting = RunnerType::custom("greeting");
    assert_eq!(
        host.metrics.all()[..2],
        [
            Record::Started(greeting),
            Record::Completed(greeting, TaskOutcome::Success)
        ]
    );
    let other = Workload::new("hi", "example.com/v2/Greeting", 5_000_u64, Value::Null);
    let refused = host.router.build_workload(&other).map(|_| ()).unwrap_err();
    assert!(matches!(&refused, RunnerError::NoRunner(kind) if kind == "example.com/v2/Greeting"));
    let incomplete = Workload::new("hi", GREETING, 5_000_u64, Value::Null);
    let refused = host
        .router
        .build_workload(&incomplete)
        .map(|_| ())
        .unwrap_err();
    assert!(
        matches!(refused, RunnerError::MissingField("spec.name")),
        "{refused}"
    );
}

#[tokio::test]
async fn a_plugin_describes_itself_and_says_how_it_is() {
    let host = Host::with(&["modern"]);
    let described = answer_of(plugin(&host), "describe").await;
    assert_eq!(described["text"], "uses everything");
    assert_eq!(described["config"]["type"], "object");
    assert_eq!(described["runners"]["modern"]["text"], "uses everything");
    let health = answer_of(plugin(&host), "health").await;
    assert_eq!(
        health,
        json!({ "status": "degraded", "reason": "no coffee" })
    );
    assert_eq!(plugin(&host).features(), ["describe", "health"]);
}

#[tokio::test]
async fn a_method_that_is_unknown_fails_panics_or_answers_too_much_is_an_error_and_no_more() {
    let host = Host::with(&["modern"]);
    let runner = host.router.pick(&command("s", "number", &[])).unwrap();
    let call = async |method: &str, payload: &[u8]| {
        soon(runner.call(method, Bytes::copy_from_slice(payload)))
            .await
            .map_err(|err| err.to_string())
    };
    assert_eq!(call("echo", b"abc").await.unwrap(), "abc");
    assert_eq!(
        call("teleport", b"").await.unwrap_err(),
        "unknown method 'teleport'"
    );
    assert_eq!(
        call("fail", b"").await.unwrap_err(),
        "'fail' failed: told to fail"
    );
    let panicked = call("panic", b"").await.unwrap_err();
    let begins = "'panic' failed: it panicked: told to panic in a method (at ";
    assert!(panicked.starts_with(begins), "{panicked}");
    assert_eq!(
        call("large", b"").await.unwrap_err(),
        "'large' failed: the answer has 16777217 bytes, at most 16777216 are passed on"
    );
    let request = vec![0; 64 << 20];
    assert_eq!(
        call("echo", &request).await.unwrap_err(),
        "'echo': the request has 67108864 bytes, at most 16777216 are passed on"
    );
    // A call that hangs holds nobody: it is dropped, and the plugin answers the next.
    let hanging = tokio::time::timeout(Duration::from_millis(50), call("hang", b"")).await;
    assert!(hanging.is_err());
    assert_eq!(call("echo", b"still here").await.unwrap(), "still here");
    let of_the_plugin = soon(plugin(&host).call("teleport", Bytes::new())).await;
    assert_eq!(of_the_plugin, Err(CallError::unknown("teleport")));
}

#[tokio::test]
async fn what_an_author_measures_reaches_the_host_with_its_labels() {
    let host = Host::with(&["modern"]);
    for _ in 0..2 {
        host.run(&command("s", "measure", &[])).await.0.unwrap();
    }
    let measured: Vec<_> = plugin(&host)
        .measured()
        .into_iter()
        .map(|it| (it.name, it.labels, it.value, it.count))
        .collect();
    let label = vec![("kind".to_owned(), "a".to_owned())];
    assert_eq!(
        measured,
        [
            ("modern_done_total".to_owned(), label, 4.0, 0),
            ("modern_level".to_owned(), vec![], 7.0, 0),
            ("modern_seconds".to_owned(), vec![], 0.6, 2),
        ]
    );
    assert_eq!(plugin(&host).measurements_left_out(), 0);
    let metrics = host.report.plugin_metrics();
    for line in [
        "# TYPE plugin_modern_done_total counter\n",
        "plugin_modern_done_total{plugin=\"modern\",kind=\"a\"} 4\n",
        "plugin_modern_seconds_bucket{plugin=\"modern\",le=\"0.5\"} 2\n",
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
}

#[tokio::test]
async fn a_plugin_learns_who_its_host_is_and_what_it_is_called_here() {
    let directory = support::directory_with(&["modern"]);
    fs::write(
        directory.path().join("modern.toml"),
        "name = \"modern-eu\"\n",
    )
    .unwrap();
    let state = tempfile::tempdir().unwrap();
    let loader = PluginLoader::new()
        .state_dir(state.path())
        .grace(Duration::from_millis(1_500));
    let host = Host::load(directory, loader);
    let (end, lines) = host.run(&command("s", "host", &[])).await;
    end.unwrap();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        lines[0].text,
        format!("solti-plugin-host {version} modern-eu")
    );
    let own = state.path().join("plugins/modern-eu");
    assert!(own.is_dir());
    assert_eq!(lines[1].text, format!("Some({own:?}) Some(1.5s)"));
    let info: Value = serde_json::from_str(&lines[2].text).unwrap();
    assert_eq!(info["version"], version);
    assert_eq!(lines[3].text, "unknown method 'teleport'");
}
