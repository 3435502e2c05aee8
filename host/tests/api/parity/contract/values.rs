//! Errors, contexts, run ids and metrics.

use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use solti_model::{RunnerEnv, TaskId};

use super::Observations;
use super::layer::{self, BuildContext, OutputRegistry, RunId, RunnerError, make_run_id};
use super::layer::{
    MetricsBackend, MetricsHandle, NoOpMetrics, RunnerErrorKind, RunnerType, TaskOutcome,
    noop_metrics,
};

/// Run ids, in a process that has drawn none.
pub(super) fn observe_ids() -> Observations {
    let ids = [
        make_run_id("sub", "build"),
        make_run_id("sub", "build"),
        make_run_id("", ""),
        make_run_id("a-b", "c d/é"),
    ];
    let describe = |id: &RunId| format!("{id:?} {} {}", id.name(), id.seq());
    let mut seen: Observations = ids.iter().map(|id| ("run id", describe(id))).collect();
    let twin = ids[0].clone();
    seen.push((
        "run id equality",
        format!("{} {}", twin == ids[0], twin == ids[1]),
    ));
    seen.push(("run id as a name", twin.into_name()));
    seen
}

pub(super) fn observe() -> Observations {
    let mut seen = errors();
    seen.extend(contexts());
    seen.extend(metrics());
    seen
}

fn errors() -> Observations {
    let errors = [
        RunnerError::NoRunner("vm".to_owned()),
        RunnerError::UnsupportedKind {
            runner: "shell",
            kind: "wasm".to_owned(),
        },
        RunnerError::InvalidSpec("no body".to_owned()),
        RunnerError::Internal("lock".to_owned()),
        RunnerError::MissingField("command"),
        RunnerError::Io("disk".to_owned()),
        RunnerError::from(io::Error::new(io::ErrorKind::NotFound, "no such file")),
        RunnerError::from(io::Error::from(io::ErrorKind::PermissionDenied)),
        RunnerError::from(io::Error::from_raw_os_error(2)),
        RunnerError::NoRunner(String::new()),
    ];
    errors
        .iter()
        .map(|err| (error_name(err), describe_error(err)))
        .collect()
}

/// The errors are an exhaustive enum: a match without a wildcard compiles.
fn error_name(err: &RunnerError) -> &'static str {
    match err {
        RunnerError::NoRunner(_) => "error NoRunner",
        RunnerError::UnsupportedKind { runner: _, kind: _ } => "error UnsupportedKind",
        RunnerError::InvalidSpec(_) => "error InvalidSpec",
        RunnerError::Internal(_) => "error Internal",
        RunnerError::MissingField(_) => "error MissingField",
        RunnerError::Io(_) => "error Io",
    }
}

fn describe_error(err: &RunnerError) -> String {
    let source = err
        .source()
        .map_or_else(|| "no source".to_owned(), ToString::to_string);
    format!("{err} / {err:?} / {source}")
}

fn contexts() -> Observations {
    let mut env = RunnerEnv::new();
    env.push("A", "1");
    env.push("B", "2");
    env.push("A", "3");
    let registry = Arc::new(OutputRegistry::new(4));
    registry.ensure_channel(TaskId::from("task"));
    let metrics = noop_metrics();
    let plain = BuildContext::default();
    let full = BuildContext::new(env.clone(), noop_metrics())
        .with_metrics(Arc::clone(&metrics))
        .with_output_registry(Arc::clone(&registry));
    let clone = full.clone();
    let describe = |context: &BuildContext| {
        format!(
            "{context} {context:?} {context:#?} {:?} {}",
            context.env(),
            context.output_registry().active_channels()
        )
    };
    vec![
        ("context", describe(&plain)),
        ("context", describe(&full)),
        ("context", describe(&clone)),
        ("context", describe(&plain.clone().with_env(env))),
        (
            "context sharing",
            format!(
                "{} {} {}",
                Arc::ptr_eq(full.output_registry(), &registry),
                Arc::ptr_eq(clone.output_registry(), full.output_registry()),
                Arc::ptr_eq(full.metrics(), &metrics),
            ),
        ),
        (
            "context registries of their own",
            Arc::ptr_eq(
                plain.output_registry(),
                BuildContext::default().output_registry(),
            )
            .to_string(),
        ),
    ]
}

#[derive(Default)]
struct Counting {
    started: AtomicU64,
    milliseconds: AtomicU64,
    errors: AtomicU64,
}

impl MetricsBackend for Counting {
    fn record_task_started(&self, runner_type: RunnerType) {
        if runner_type == RunnerType::Wasm {
            self.started.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn record_task_completed(&self, _: RunnerType, outcome: TaskOutcome, duration_ms: u64) {
        if outcome == TaskOutcome::Timeout {
            self.milliseconds.fetch_add(duration_ms, Ordering::Relaxed);
        }
    }

    fn record_runner_error(&self, _: RunnerType, error_kind: RunnerErrorKind) {
        if error_kind == RunnerErrorKind::SpawnFailed {
            self.errors.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn metrics() -> Observations {
    let runners = [
        RunnerType::Subprocess,
        RunnerType::Container,
        RunnerType::Wasm,
    ];
    let outcomes = [
        TaskOutcome::Success,
        TaskOutcome::Failure,
        TaskOutcome::Canceled,
        TaskOutcome::Timeout,
    ];
    let kinds = [
        RunnerErrorKind::CgroupPrepareFailed,
        RunnerErrorKind::BackendConfigFailed,
        RunnerErrorKind::SpawnFailed,
        RunnerErrorKind::ModuleLoadFailed,
    ];
    let outcome_labels: Vec<_> = outcomes.iter().map(TaskOutcome::as_label).collect();

    let counting = Arc::new(Counting::default());
    let handle = Arc::clone(&counting);
    let context = BuildContext::default().with_metrics(handle);
    context.metrics().record_task_started(runners[2]);
    context
        .metrics()
        .record_task_completed(runners[0], outcomes[3], 1500);
    context.metrics().record_runner_error(runners[1], kinds[2]);
    let counted = [&counting.started, &counting.milliseconds, &counting.errors]
        .map(|count| count.load(Ordering::Relaxed));

    // The module has the same items as the root.
    let noop: layer::metrics::MetricsHandle = layer::metrics::noop_metrics();
    let _: MetricsHandle = noop;
    let _: [layer::metrics::NoOpMetrics; 1] = [NoOpMetrics];
    let _: layer::metrics::RunnerType = runners[0];
    let _: layer::metrics::TaskOutcome = outcomes[0];
    let _: layer::metrics::RunnerErrorKind = kinds[0];
    let _: &dyn layer::metrics::MetricsBackend = &NoOpMetrics;

    vec![
        (
            "runner types",
            format!("{runners:?} {:?}", runners.map(RunnerType::as_label)),
        ),
        ("task outcomes", format!("{outcomes:?} {outcome_labels:?}")),
        (
            "runner error kinds",
            format!("{kinds:?} {:?}", kinds.map(RunnerErrorKind::as_label)),
        ),
        ("metrics through a context", format!("{counted:?}")),
        ("size of NoOpMetrics", size_of::<NoOpMetrics>().to_string()),
        (
            "debug of NoOpMetrics",
            format!("{:?}", <NoOpMetrics as Default>::default()),
        ),
    ]
}
