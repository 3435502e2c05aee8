//! What plugins write.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use solti_plugin_host::output::TapBlock;

use crate::exposition::counters;

/// What plugins write, by their names.
#[derive(Default)]
pub(crate) struct Written(Mutex<BTreeMap<Arc<str>, Arc<Counts>>>);

/// What one plugin writes.
#[derive(Default)]
struct Counts {
    lines: AtomicU64,
    bytes: AtomicU64,
    waits: AtomicU64,
}

/// Counts what is written in one task, as a rule by one plugin.
#[derive(Default)]
pub(crate) struct Writer(Option<(Arc<str>, Arc<Counts>)>);

impl Written {
    fn of(&self, plugin: &Arc<str>) -> Arc<Counts> {
        let mut all = self.0.lock();
        match all.get(plugin) {
            Some(counts) => Arc::clone(counts),
            None => Arc::clone(all.entry(Arc::clone(plugin)).or_default()),
        }
    }

    /// In Prometheus' text format.
    pub(crate) fn write(&self, text: &mut String) {
        let all = self.0.lock().clone();
        type Count = fn(&Counts) -> &AtomicU64;
        let families: [(_, _, Count); 3] = [
            (
                "solti_plugin_output_lines_total",
                "Lines that tasks of plugins have written.",
                |it| &it.lines,
            ),
            (
                "solti_plugin_output_bytes_total",
                "Bytes that tasks of plugins have written.",
                |it| &it.bytes,
            ),
            (
                "solti_plugin_output_waits_total",
                "How often a task of a plugin was told to wait, since its output is taken more slowly.",
                |it| &it.waits,
            ),
        ];
        for (name, help, count) in families {
            let samples = all.iter().map(|(plugin, counts)| {
                let plugin = solti_plugin_host::report::label_value(plugin);
                (
                    format!("plugin=\"{plugin}\""),
                    count(counts).load(Ordering::Relaxed),
                )
            });
            counters(text, name, help, samples);
        }
    }
}

impl Writer {
    pub(crate) fn count(&mut self, written: &Written, block: &TapBlock) {
        // What a chain says between its steps is no plugin's.
        let Some(plugin) = &block.source else { return };
        let counts = match &self.0 {
            Some((of, counts)) if of == plugin => counts,
            _ => &self.0.insert((Arc::clone(plugin), written.of(plugin))).1,
        };
        for (count, more) in [
            (&counts.lines, block.ends.len() as u64),
            (&counts.bytes, block.bytes.len() as u64),
            (&counts.waits, u64::from(block.waits)),
        ] {
            count.fetch_add(more, Ordering::Relaxed);
        }
    }
}
