//! The host's output registry as a plugin sees it.

use std::sync::Arc;

use abi_stable::erased_types::TD_Opaque;
use abi_stable::std_types::{ROption, RSlice, RStr};
use solti_model::TaskId;
use solti_plugin_abi::v1::output::{
    FfiOutputRegistry, FfiOutputSink, OutputRegistryAbi, OutputRegistryAbi_TO, OutputSinkAbi,
    OutputSinkAbi_TO, stream,
};
use solti_plugin_abi::{OutputRegistry, OutputSink};

use super::contain::contain;

/// Hands out `registry`.
pub(crate) fn export(registry: Arc<OutputRegistry>) -> FfiOutputRegistry {
    OutputRegistryAbi_TO::from_value(ExportedRegistry(registry), TD_Opaque)
}

struct ExportedRegistry(Arc<OutputRegistry>);

impl OutputRegistryAbi for ExportedRegistry {
    fn ensure_channel(&self, task: RStr<'_>) {
        contain("output", (), || self.0.ensure_channel(id(task)));
    }

    fn sink_for(&self, task: RStr<'_>, attempt: u32) -> FfiOutputSink {
        // Without a channel the sink writes into the void, as one nobody listens to does.
        let fallback = None;
        let sink = contain("output", fallback, || {
            Some(self.0.sink_for(id(task), attempt))
        });
        OutputSinkAbi_TO::from_value(ExportedSink(sink), TD_Opaque)
    }

    fn announce_run_started(&self, task: RStr<'_>, attempt: u32) {
        contain("output", (), || {
            self.0.announce_run_started(&id(task), attempt)
        });
    }

    fn announce_run_finished(&self, task: RStr<'_>, attempt: u32, exit_code: ROption<i32>) {
        contain("output", (), || {
            self.0
                .announce_run_finished(&id(task), attempt, exit_code.into_option());
        });
    }

    fn evict(&self, task: RStr<'_>) {
        contain("output", (), || self.0.evict(&id(task)));
    }

    fn active_channels(&self) -> u64 {
        contain("output", 0, || self.0.active_channels() as u64)
    }
}

struct ExportedSink(Option<OutputSink>);

impl OutputSinkAbi for ExportedSink {
    fn push(&self, stream: u32, line: RSlice<'_, u8>) {
        contain("output", (), || {
            if let Some(sink) = &self.0 {
                sink.push(stream::kind(stream), line.as_slice());
            }
        });
    }

    fn push_lines(&self, stream: u32, text: RSlice<'_, u8>, spans: RSlice<'_, [u32; 2]>) {
        contain("output", (), || {
            if let Some(sink) = &self.0 {
                sink.push_lines(stream::kind(stream), text.as_slice(), spans.as_slice());
            }
        });
    }
}

fn id(task: RStr<'_>) -> TaskId {
    TaskId::from(task.as_str())
}
