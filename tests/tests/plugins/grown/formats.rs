//! A plugin that is asked for a spec in a format that it does not read.

use std::fs;

use serde_json::json;
use solti_model::TaskSpec;
use solti_plugin_host::{ErrorDetails, PluginLoader, Runner, RunnerError, Workload};
use taskvisor::TaskRef;

use super::{GREETING, plugin, soon};
use crate::support::{self, Host, command, replaced, selecting, texts};

/// A host with the plugin `modern`, whose stamp names these formats instead of `1,2`.
fn host_with_formats(formats: &str) -> Host {
    let directory = support::directory_with(&[]);
    let stamp = |formats: &str| format!("\nspec={formats}\n").into_bytes();
    let bytes = fs::read(e2e::plugin("modern")).unwrap();
    let bytes = replaced(&bytes, &stamp("1,2"), &stamp(formats));
    let file = format!("modern.{}", e2e::PLUGIN_SUFFIX);
    fs::write(directory.path().join(file), bytes).unwrap();
    let host = Host::load(directory, PluginLoader::new());
    assert!(host.report.rejected().is_empty(), "{}", host.report);
    host
}

fn text(built: Result<TaskRef, RunnerError>) -> String {
    built.map(drop).unwrap_err().to_string()
}

fn greeting() -> Workload {
    Workload::new("hi", GREETING, 5_000_u64, json!({ "name": "Ada" }))
}

#[tokio::test]
async fn a_plugin_that_reads_only_task_specs_gets_no_workload_and_the_error_says_why() {
    let host = host_with_formats("001");
    assert_eq!(plugin(&host).formats(), [1]);
    let workload = greeting();
    assert!(host.router.pick_workload(&workload).is_none());
    let told = "no suitable runner for task kind: example.com/v1/Greeting: plugin 'modern' takes it, \
                but reads specs of format 1, not of format 2";
    assert_eq!(text(host.router.build_workload(&workload)), told);
    let built = soon(host.router.build_workload_async(&workload)).await;
    assert_eq!(text(built), told);

    // Who holds its runner already is told, too.
    let spec = command("s", "number", &[]);
    let runner: &dyn Runner = &**host.router.pick(&spec).unwrap();
    let details = ErrorDetails::new();
    let context = host.router.context().clone();
    let context = context.with_error_details(details.clone());
    let told = "internal error: plugin 'modern' reads specs of format 1, not of format 2";
    assert_eq!(text(runner.build_workload(&workload, &context)), told);
    assert_eq!(details.get()["error"], "unknown_format");
    let building = runner.build_workload_async(&workload, &context).unwrap();
    assert_eq!(text(soon(building).await), told);

    let (end, lines) = host.run(&spec).await;
    end.unwrap();
    assert_eq!(texts(&lines), ["attempt 1"]);
}

#[tokio::test]
async fn a_plugin_that_reads_only_a_format_of_tomorrow_loads_and_the_error_says_why_it_gets_nothing()
 {
    let host = host_with_formats("003");
    assert_eq!(plugin(&host).formats(), [3]);
    let spec = command("s", "number", &[]);
    let told = "no suitable runner for task kind: subprocess: plugin 'modern' takes it, but reads \
                specs of format 3, not of format 1";
    assert_eq!(text(host.router.build(&spec)), told);
    assert_eq!(text(soon(host.router.build_async(&spec)).await), told);
    let told = "no suitable runner for task kind: example.com/v1/Greeting: plugin 'modern' takes it, \
                but reads specs of format 3, not of format 2";
    assert_eq!(text(host.router.build_workload(&greeting())), told);
    // What nobody takes, or asks of others, has another reason.
    let other: TaskSpec = selecting(spec, "zone", "mars");
    let told = "no suitable runner for task kind: subprocess";
    assert_eq!(text(host.router.build(&other)), told);
}
