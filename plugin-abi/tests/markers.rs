//! What may be moved to and shared with other threads. Taking one of these away breaks users.

use std::sync::Arc;

use solti_plugin_abi::stamp::{Stamp, StampError};
use solti_plugin_abi::v1::error::FfiError;
use solti_plugin_abi::v1::host::FfiHost;
use solti_plugin_abi::v1::metrics::FfiMetrics;
use solti_plugin_abi::v1::module::PluginModule;
use solti_plugin_abi::v1::output::{FfiOutputRegistry, FfiOutputSink};
use solti_plugin_abi::v1::plugin::FfiPlugin;
use solti_plugin_abi::v1::runner::{FfiRunId, FfiRunner};
use solti_plugin_abi::v1::task::{FfiAttempt, FfiTask};
use solti_plugin_abi::{
    BuildContext, Kinds, LineWriter, MetricsHandle, OutputRegistry, OutputSink, RunId, Runner,
    RunnerError, RunnerErrorKind, RunnerType, TaskOutcome,
};

fn moves<T: Send + 'static>() {}
fn shares<T: Send + Sync + 'static>() {}

#[test]
fn handles_of_the_contract_are_shared_between_threads() {
    shares::<BuildContext>();
    shares::<OutputRegistry>();
    shares::<OutputSink>();
    shares::<LineWriter>();
    shares::<MetricsHandle>();
    shares::<Arc<dyn Runner>>();
    shares::<RunnerError>();
    shares::<RunId>();
    shares::<Kinds>();
    shares::<(RunnerType, TaskOutcome, RunnerErrorKind)>();
    shares::<Stamp>();
    shares::<StampError>();
}

#[test]
fn objects_that_cross_are_shared_between_threads() {
    shares::<PluginModule>();
    shares::<FfiHost>();
    shares::<FfiMetrics>();
    shares::<FfiOutputRegistry>();
    shares::<FfiOutputSink>();
    shares::<FfiPlugin>();
    shares::<FfiRunner>();
    shares::<FfiTask>();
    shares::<FfiError>();
    shares::<FfiRunId>();
    // The future in it is polled by one thread at a time.
    moves::<FfiAttempt>();
}

#[test]
fn futures_an_author_awaits_can_run_on_any_thread() {
    fn is_send<T: Send>(_: T) {}
    let sink = OutputRegistry::default().sink_for("task".into(), 1);
    let writer = LineWriter::new(sink, solti_model::StreamKind::Stdout);
    is_send(writer.copy_from(tokio::io::empty()));
}
