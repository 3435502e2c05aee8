//! What plugins measure with instruments of their own.

mod exposition;
mod measured;

use std::collections::BTreeMap;

use parking_lot::Mutex;
use solti_plugin_abi::instruments::InstrumentKind;
use solti_plugin_abi::v1::metrics::instrument;

/// Instruments that a plugin may have at most; further ones are counted as overflow.
const MOST_INSTRUMENTS: usize = 64;
/// Label sets that all instruments of a plugin may have together.
const MOST_SETS: usize = 1024;
/// Labels of one measurement.
const MOST_LABELS: usize = 16;
/// The longest name, label and value of a label, in bytes.
const MOST_BYTES: usize = 128;
/// The upper bounds of a histogram's buckets: a millisecond to some minutes, where seconds are counted.
const BUCKETS: [f64; 14] = [
    0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 300.0,
];

pub(crate) use exposition::exposition;
pub use exposition::label_value;
pub use measured::Measured;

type Labels = Vec<(String, String)>;

/// The instruments of one plugin.
#[derive(Debug, Default)]
pub(crate) struct Instruments {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    by_name: BTreeMap<String, Instrument>,
    sets: usize,
    /// Measurements that were left out: too many names or label sets, or what is no measurement.
    overflow: u64,
}

#[derive(Debug)]
struct Instrument {
    kind: InstrumentKind,
    values: BTreeMap<Labels, Value>,
}

#[derive(Debug, Clone)]
enum Value {
    Number(f64),
    Observed {
        buckets: [u64; BUCKETS.len()],
        count: u64,
        sum: f64,
    },
}

impl Instruments {
    /// Takes a measurement.
    pub(crate) fn measure<'a>(
        &self,
        kind: u32,
        name: &str,
        labels: impl Iterator<Item = (&'a str, &'a str)>,
        value: f64,
    ) {
        // One more than is taken tells that there are too many. The same set is one set in any order.
        let mut labels: Labels = labels
            .take(MOST_LABELS + 1)
            .map(|(key, value)| (beginning(key), beginning(value)))
            .collect();
        labels.sort();
        let mut state = self.state.lock();
        if state.take(kind, name, labels, value).is_none() {
            state.overflow += 1;
        }
    }

    /// Everything measured so far, by name and labels.
    pub(crate) fn measured(&self) -> Vec<Measured> {
        let state = self.state.lock();
        let of = |name: &String, instrument: &Instrument| {
            instrument
                .values
                .iter()
                .map(|(labels, value)| value.measured(name, instrument.kind, labels))
                .collect::<Vec<_>>()
        };
        state
            .by_name
            .iter()
            .flat_map(|(name, instrument)| of(name, instrument))
            .collect()
    }

    /// Measurements that were left out so far.
    pub(crate) fn overflow(&self) -> u64 {
        self.state.lock().overflow
    }
}

impl State {
    /// Takes a measurement; `None` when it is left out.
    fn take(&mut self, kind: u32, name: &str, labels: Labels, value: f64) -> Option<()> {
        let kind = match kind {
            instrument::COUNTER if value >= 0.0 => InstrumentKind::Counter,
            instrument::GAUGE => InstrumentKind::Gauge,
            instrument::HISTOGRAM => InstrumentKind::Histogram,
            _ => return None,
        };
        let fits = |text: &str| text.len() <= MOST_BYTES;
        let is_sound = is_name(name)
            && value.is_finite()
            && labels.len() <= MOST_LABELS
            && (1..labels.len()).all(|at| labels[..at].iter().all(|(key, _)| *key != labels[at].0))
            && labels
                .iter()
                .all(|(key, value)| is_name(key) && fits(value));
        if !is_sound {
            return None;
        }
        if !self.by_name.contains_key(name) {
            if self.by_name.len() >= MOST_INSTRUMENTS {
                return None;
            }
            let values = BTreeMap::new();
            self.by_name
                .insert(name.to_owned(), Instrument { kind, values });
        }
        let instrument = self.by_name.get_mut(name)?;
        if instrument.kind != kind {
            return None;
        }
        if !instrument.values.contains_key(&labels) {
            if self.sets >= MOST_SETS {
                return None;
            }
            self.sets += 1;
        }
        let kept = instrument
            .values
            .entry(labels)
            .or_insert_with(|| match kind {
                InstrumentKind::Histogram => Value::Observed {
                    buckets: [0; BUCKETS.len()],
                    count: 0,
                    sum: 0.0,
                },
                _ => Value::Number(0.0),
            });
        kept.add(kind, value);
        Some(())
    }
}

impl Value {
    fn add(&mut self, kind: InstrumentKind, value: f64) {
        match self {
            Self::Number(number) if kind == InstrumentKind::Gauge => *number = value,
            Self::Number(number) => *number += value,
            Self::Observed {
                buckets,
                count,
                sum,
            } => {
                for (bound, bucket) in BUCKETS.iter().zip(buckets) {
                    *bucket += u64::from(value <= *bound);
                }
                *count += 1;
                *sum += value;
            }
        }
    }

    fn measured(&self, name: &str, kind: InstrumentKind, labels: &Labels) -> Measured {
        let (value, count, buckets) = match self {
            Self::Number(number) => (*number, 0, Vec::new()),
            Self::Observed {
                buckets,
                count,
                sum,
            } => (*sum, *count, BUCKETS.into_iter().zip(*buckets).collect()),
        };
        Measured {
            name: name.to_owned(),
            kind,
            labels: labels.clone(),
            value,
            count,
            buckets,
        }
    }
}

/// A text, or what tells that it is too long.
fn beginning(text: &str) -> String {
    text.chars().take(MOST_BYTES + 1).collect()
}

/// Whether a text is the name of a metric or of a label, as Prometheus has them.
fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    let begins = bytes
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    begins
        && !text.starts_with("__")
        && text.len() <= MOST_BYTES
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_does_with_values_what_it_is_for() {
        let instruments = Instruments::default();
        let label = [("code", "200")];
        for value in [1.0, 2.0] {
            instruments.measure(instrument::COUNTER, "c", label.into_iter(), value);
            instruments.measure(instrument::GAUGE, "g", [].into_iter(), value);
            instruments.measure(instrument::HISTOGRAM, "h", [].into_iter(), value);
        }
        let found: Vec<_> = instruments
            .measured()
            .into_iter()
            .map(|it| (it.name, it.labels.len(), it.value, it.count))
            .collect();
        let named = |name: &str| name.to_owned();
        assert_eq!(
            found,
            [
                (named("c"), 1, 3.0, 0),
                (named("g"), 0, 2.0, 0),
                (named("h"), 0, 3.0, 2)
            ]
        );
        let buckets = &instruments.measured()[2].buckets;
        assert!(
            buckets.contains(&(1.0, 1)) && buckets.contains(&(2.5, 2)),
            "{buckets:?}"
        );
        assert_eq!(instruments.overflow(), 0);
    }

    #[test]
    fn a_plugin_that_invents_names_and_labels_fills_no_memory() {
        let instruments = Instruments::default();
        for number in 0..10_000 {
            let name = format!("n{number}");
            instruments.measure(instrument::GAUGE, &name, [].into_iter(), 1.0);
            let value = name.as_str();
            instruments.measure(instrument::GAUGE, "n0", [("id", value)].into_iter(), 1.0);
        }
        assert_eq!(instruments.measured().len(), MOST_SETS);
        assert_eq!(instruments.overflow(), 20_000 - MOST_SETS as u64);
    }

    #[test]
    fn what_is_no_measurement_is_counted_and_nothing_else() {
        let instruments = Instruments::default();
        let long = "x".repeat(MOST_BYTES + 1);
        instruments.measure(instrument::COUNTER, "down", [].into_iter(), -1.0);
        instruments.measure(instrument::GAUGE, "nan", [].into_iter(), f64::NAN);
        instruments.measure(instrument::GAUGE, "two words", [].into_iter(), 1.0);
        instruments.measure(instrument::GAUGE, &long, [].into_iter(), 1.0);
        instruments.measure(77, "unknown", [].into_iter(), 1.0);
        let twice = [("key", "a"), ("key", "b")];
        instruments.measure(instrument::GAUGE, "twice", twice.into_iter(), 1.0);
        let many: Vec<_> = (0..=MOST_LABELS).map(|it| format!("label_{it}")).collect();
        let many = many.iter().map(|key| (key.as_str(), ""));
        instruments.measure(instrument::GAUGE, "many", many, 1.0);
        assert!(instruments.measured().is_empty());
        assert_eq!(instruments.overflow(), 7);
    }
}
