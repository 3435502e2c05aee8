//! The host's output registry and metrics, as the contract's types.

use std::sync::Arc;
use std::time::{Duration, Instant};

use abi_stable::std_types::{RSlice, RStr};
use solti_model::{StreamKind, TaskId};

use super::runtime;
use super::scope::Scope;
use crate::instruments::{InstrumentKind, Measurement};
use crate::metrics::{MetricsBackend, RunnerErrorKind, RunnerType, TaskOutcome};
use crate::output::{Block, OutputBackend, Pressure, Ready, SinkBackend};
use crate::v1::host::{FfiHost, FfiPair};
use crate::v1::metrics::{FfiLabel, FfiMetrics, instrument};
use crate::v1::output::{FfiOutputRegistry, FfiOutputSink, flag, pressure, stream};

pub(super) struct HostOutput(pub(super) FfiOutputRegistry);

impl OutputBackend for HostOutput {
    fn ensure_channel(&self, task: &TaskId) {
        self.0.ensure_channel(RStr::from(task.as_str()));
    }

    fn sink_for(&self, task: &TaskId, attempt: u32) -> Arc<dyn SinkBackend> {
        Arc::new(HostSink {
            sink: self.0.sink_for(RStr::from(task.as_str()), attempt),
            scope: Scope::current(),
        })
    }

    fn announce_run_started(&self, task: &TaskId, attempt: u32) {
        self.0
            .announce_run_started(RStr::from(task.as_str()), attempt);
    }

    fn announce_run_finished(&self, task: &TaskId, attempt: u32, exit_code: Option<i32>) {
        self.0
            .announce_run_finished(RStr::from(task.as_str()), attempt, exit_code.into());
    }

    fn evict(&self, task: &TaskId) {
        self.0.evict(RStr::from(task.as_str()));
    }

    fn active_channels(&self) -> usize {
        usize::try_from(self.0.active_channels()).unwrap_or(usize::MAX)
    }
}

/// The host's sink of one attempt.
pub(super) struct HostSink {
    sink: FfiOutputSink,
    /// The attempt that pushes, where it is known: nothing waits longer than it lives.
    scope: Option<Arc<Scope>>,
}

impl HostSink {
    pub(super) fn new(sink: FfiOutputSink, scope: Arc<Scope>) -> Self {
        Self {
            sink,
            scope: Some(scope),
        }
    }

    fn is_released(&self) -> bool {
        runtime::attempts().cancel.is_cancelled()
            || self.scope.as_ref().is_some_and(|scope| scope.is_released())
    }
}

fn told(answer: u32) -> Pressure {
    if answer & pressure::WAIT == 0 {
        Pressure::None
    } else {
        Pressure::Wait
    }
}

impl SinkBackend for HostSink {
    fn push(&self, stream: StreamKind, cut: bool, line: &[u8]) -> Pressure {
        let flags = if cut { flag::CUT } else { 0 };
        told(
            self.sink
                .push(stream::code(stream), flags, RSlice::from_slice(line)),
        )
    }

    fn push_lines(&self, stream: StreamKind, text: &[u8], spans: &[[u32; 2]]) -> Pressure {
        told(self.sink.push_lines(
            stream::code(stream),
            0,
            RSlice::from_slice(text),
            RSlice::from_slice(spans),
        ))
    }

    fn write(&self, stream: StreamKind, block: Block<'_>) -> Pressure {
        told(self.sink.write(
            stream::code(stream),
            if block.last { flag::LAST } else { 0 },
            block.longest_line,
            RSlice::from_slice(block.bytes),
            RSlice::from_slice(block.ends),
        ))
    }

    fn ready(&self) -> Ready {
        let ready = self.sink.ready();
        let scope = self.scope.clone();
        Box::pin(async move {
            let released = async {
                match &scope {
                    Some(scope) => scope.released().await,
                    None => runtime::attempts().cancel.cancelled().await,
                }
            };
            tokio::select! {
                () = ready => {}
                () = released => {}
            }
        })
    }

    fn wait_ready(&self, at_most: Duration) -> bool {
        /// How late a thread notices that it waits in vain.
        const LATE: Duration = Duration::from_millis(50);
        let began = Instant::now();
        loop {
            let left = at_most.saturating_sub(began.elapsed());
            // Rounded up: less than a millisecond would be no wait at all.
            let step = left.min(LATE).as_nanos().div_ceil(1_000_000);
            let step = u64::try_from(step).unwrap_or(u64::MAX);
            if self.sink.wait_ready(step) {
                return true;
            }
            if left.is_zero() || self.is_released() {
                return false;
            }
        }
    }

    fn is_enabled(&self) -> bool {
        self.sink.is_enabled()
    }
}

pub(super) struct HostMetrics(pub(super) FfiMetrics);

/// A label as it crosses.
macro_rules! label {
    ($label:expr) => {
        FfiLabel {
            code: $label.code(),
            text: RStr::from_str($label.as_label()),
        }
    };
}

impl MetricsBackend for HostMetrics {
    fn record_task_started(&self, runner_type: RunnerType) {
        self.0.record_task_started(label!(runner_type));
    }

    fn record_task_completed(
        &self,
        runner_type: RunnerType,
        outcome: TaskOutcome,
        duration_ms: u64,
    ) {
        self.0
            .record_task_completed(label!(runner_type), label!(outcome), duration_ms);
    }

    fn record_runner_error(&self, runner_type: RunnerType, error_kind: RunnerErrorKind) {
        self.0
            .record_runner_error(label!(runner_type), label!(error_kind));
    }
}

/// Hands a measurement to the host.
pub(super) fn measure(host: &FfiHost, measured: &Measurement<'_>) {
    let labels: Vec<_> = measured
        .labels
        .iter()
        .map(|(key, value)| FfiPair {
            key: RStr::from_str(key),
            value: RStr::from_str(value),
        })
        .collect();
    let kind = match measured.kind {
        InstrumentKind::Counter => instrument::COUNTER,
        InstrumentKind::Gauge => instrument::GAUGE,
        InstrumentKind::Histogram => instrument::HISTOGRAM,
    };
    host.measure(
        kind,
        RStr::from_str(measured.name),
        RSlice::from_slice(&labels),
        measured.value,
    );
}
