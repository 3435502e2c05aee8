//! The host's output registry as a plugin sees it.

mod made;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use abi_stable::erased_types::TD_Opaque;
use abi_stable::std_types::{ROption, RSlice, RStr};
use async_ffi::{FfiFuture, FutureExt as _};
use solti_model::TaskId;
use solti_plugin_abi::text::escape;
use solti_plugin_abi::v1::output::{
    FfiOutputRegistry, FfiOutputSink, OutputRegistryAbi, OutputRegistryAbi_TO, OutputSinkAbi,
    OutputSinkAbi_TO, flag, pressure, stream,
};
use solti_plugin_abi::{Block, OutputRegistry, OutputSink, Pressure};
use tracing::warn;

use super::contain::{Contained, contain};
use super::log_thread;
pub(crate) use made::BuildChannels;
use made::Made;

/// Hands out `registry` to a plugin for one build, and what the build makes in it.
pub(crate) fn export(
    registry: Arc<OutputRegistry>,
    to: Arc<Unannounced>,
) -> (FfiOutputRegistry, BuildChannels) {
    let registry = Arc::new(Contained::new("output", registry));
    let channels = BuildChannels::of(&registry);
    let exported = ExportedRegistry {
        registry,
        made: channels.made(),
        to,
    };
    let exported = OutputRegistryAbi_TO::from_value(exported, TD_Opaque);
    (exported, channels)
}

struct ExportedRegistry {
    registry: Arc<Contained<Arc<OutputRegistry>>>,
    made: Arc<Made>,
    to: Arc<Unannounced>,
}

/// What a plugin writes where nobody expects it: as a rule it has made up an id.
pub(crate) struct Unannounced {
    plugin: Arc<str>,
    sinks: AtomicU64,
}

impl Unannounced {
    pub(crate) fn of(plugin: Arc<str>) -> Self {
        Self {
            plugin,
            sinks: AtomicU64::new(0),
        }
    }

    /// Sinks taken for runs that the host had not announced.
    pub(crate) fn sinks(&self) -> u64 {
        self.sinks.load(Ordering::Relaxed)
    }

    /// Counts such a sink, and says so once for a plugin: a host may well leave out what it does not use.
    fn count(&self, id: &TaskId) {
        if self.sinks.fetch_add(1, Ordering::Relaxed) == 0 {
            let run = escape(id.as_str());
            let (run, plugin) = (run.into_owned(), Arc::clone(&self.plugin));
            // On a thread of the plugin's, which must not wait for whoever reads the log.
            log_thread::say(move || {
                warn!(
                    plugin = &*plugin,
                    "plugin '{plugin}' writes output for the run '{run}', which this host has not \
                     announced: only who subscribes to that id from now on gets the lines; further \
                     ones are counted"
                );
            });
        }
    }
}

impl OutputRegistryAbi for ExportedRegistry {
    fn ensure_channel(&self, task: RStr<'_>) {
        contain("output", (), || {
            self.made.ensure(self.registry.get(), id(task));
        });
    }

    fn sink_for(&self, task: RStr<'_>, attempt: u32) -> FfiOutputSink {
        // Without a channel the sink writes into the void, as one nobody listens to does.
        let sink = contain("output", None, || {
            let id = id(task);
            if self.registry.get().has_channel(&id) == Some(false) {
                // Of a build that nobody waits for any more nobody reads anything.
                if !self.made.ensure(self.registry.get(), id.clone()) {
                    return None;
                }
                self.to.count(&id);
            }
            let sink = self.registry.get().sink_for(id, attempt);
            let sink = sink.with_source(Arc::clone(&self.to.plugin));
            Some(Contained::new("output", sink))
        });
        OutputSinkAbi_TO::from_value(ExportedSink(sink), TD_Opaque)
    }

    fn announce_run_started(&self, task: RStr<'_>, attempt: u32) {
        contain("output", (), || {
            self.registry.get().announce_run_started(&id(task), attempt);
        });
    }

    fn announce_run_finished(&self, task: RStr<'_>, attempt: u32, exit_code: ROption<i32>) {
        contain("output", (), || {
            self.registry
                .get()
                .announce_run_finished(&id(task), attempt, exit_code.into_option());
        });
    }

    fn evict(&self, task: RStr<'_>) {
        contain("output", (), || self.registry.get().evict(&id(task)));
    }

    fn active_channels(&self) -> u64 {
        contain("output", 0, || self.registry.get().active_channels() as u64)
    }
}

/// Hands out one sink to a plugin.
pub(crate) fn export_sink(sink: OutputSink, plugin: Arc<str>) -> FfiOutputSink {
    let sink = sink.with_source(plugin);
    OutputSinkAbi_TO::from_value(
        ExportedSink(Some(Contained::new("output", sink))),
        TD_Opaque,
    )
}

struct ExportedSink(Option<Contained<OutputSink>>);

impl ExportedSink {
    #[inline]
    fn sink(&self) -> Option<&OutputSink> {
        self.0.as_ref().map(Contained::get)
    }

    #[inline]
    fn push_with(&self, push: impl FnOnce(&OutputSink) -> Pressure) -> u32 {
        contain("output", 0, || match self.sink().map(push) {
            Some(Pressure::Wait) => pressure::WAIT,
            _ => 0,
        })
    }
}

impl OutputSinkAbi for ExportedSink {
    // Into what the ABI calls: a line takes one call less.
    #[inline]
    fn push(&self, stream: u32, flags: u32, line: RSlice<'_, u8>) -> u32 {
        let (stream, line) = (stream::kind(stream), line.as_slice());
        self.push_with(|sink| {
            if flags & flag::CUT == 0 {
                sink.push(stream, line)
            } else {
                sink.push_cut(stream, line)
            }
        })
    }

    #[inline]
    fn push_lines(
        &self,
        stream: u32,
        _flags: u32,
        text: RSlice<'_, u8>,
        spans: RSlice<'_, [u32; 2]>,
    ) -> u32 {
        self.push_with(|sink| {
            sink.push_lines(stream::kind(stream), text.as_slice(), spans.as_slice())
        })
    }

    #[inline]
    fn write(
        &self,
        stream: u32,
        flags: u32,
        longest_line: u32,
        bytes: RSlice<'_, u8>,
        ends: RSlice<'_, u32>,
    ) -> u32 {
        let mut block =
            Block::new(bytes.as_slice(), ends.as_slice()).with_longest_line(longest_line);
        block.last = flags & flag::LAST != 0;
        self.push_with(|sink| sink.write(stream::kind(stream), block))
    }

    fn ready(&self) -> FfiFuture<()> {
        contain("output", std::future::ready(()).into_ffi(), || {
            match self.sink() {
                Some(sink) => Contained::new("output", sink.ready_owned()).into_ffi(),
                None => std::future::ready(()).into_ffi(),
            }
        })
    }

    fn wait_ready(&self, at_most_ms: u64) -> bool {
        contain("output", true, || {
            let at_most = Duration::from_millis(at_most_ms);
            self.sink().is_none_or(|sink| sink.wait_ready(at_most))
        })
    }

    fn is_enabled(&self) -> bool {
        contain("output", false, || {
            self.sink().is_some_and(OutputSink::is_enabled)
        })
    }
}

fn id(task: RStr<'_>) -> TaskId {
    TaskId::from(task.as_str())
}
