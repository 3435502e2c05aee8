//! What a subject logs and measures.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use parking_lot::Mutex;

use super::log::Log;
use crate::instruments::InstrumentKind;

/// Collects what a subject logs and measures while it is listened to.
#[derive(Debug, Default)]
pub struct Heard {
    logs: Mutex<Vec<Log>>,
    samples: Mutex<BTreeMap<(String, Vec<(String, String)>), Sample>>,
}

/// What one instrument has measured under one set of labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The instrument's name.
    pub name: String,
    /// What it does with values.
    pub kind: InstrumentKind,
    /// Names and values of its labels, sorted.
    pub labels: Vec<(String, String)>,
    /// The sum of a counter, the latest value of a gauge, the sum of what a histogram has observed.
    pub value: f64,
    /// How many values it was given.
    pub count: u64,
}

impl Heard {
    /// Takes an event.
    pub fn log(&self, log: Log) {
        self.logs.lock().push(log);
    }

    /// Takes what an instrument has measured: adds it to what is there, or puts it in the place of the
    /// latest value of a gauge.
    pub fn measure(&self, mut sample: Sample) {
        sample.labels.sort();
        let key = (sample.name.clone(), sample.labels.clone());
        match self.samples.lock().entry(key) {
            Entry::Vacant(free) => drop(free.insert(sample)),
            Entry::Occupied(mut there) => {
                let there = there.get_mut();
                there.count += sample.count;
                there.value = match sample.kind {
                    InstrumentKind::Gauge => sample.value,
                    InstrumentKind::Counter | InstrumentKind::Histogram => {
                        there.value + sample.value
                    }
                };
            }
        }
    }

    pub(super) fn take_logs(&self) -> Vec<Log> {
        std::mem::take(&mut self.logs.lock())
    }

    pub(super) fn take_samples(&self) -> Vec<Sample> {
        std::mem::take(&mut *self.samples.lock())
            .into_values()
            .collect()
    }
}
