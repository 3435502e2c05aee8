//! What is measured of a file on its way.

use std::time::{Duration, Instant};

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::digest::Digest;
use super::stage::Stage;

/// What was measured of a file, as far as it came.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct Measurements {
    /// Its length in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The digest of its content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Digest>,
    /// How long each stage took; an object with milliseconds in JSON.
    #[serde(rename = "times_ms")]
    pub times: StageTimes,
}

/// How long each stage took.
#[derive(Debug, Clone, Default)]
pub struct StageTimes(Vec<(Stage, Duration)>);

impl StageTimes {
    /// The stages that were entered, in their order, each once.
    pub fn iter(&self) -> impl Iterator<Item = (Stage, Duration)> + '_ {
        self.0.iter().copied()
    }

    /// All of them together.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.iter().map(|(_, took)| took).sum()
    }

    fn add(&mut self, stage: Stage, took: Duration) {
        match self.0.binary_search_by_key(&stage, |(of, _)| *of) {
            Ok(at) => self.0[at].1 += took,
            Err(at) => self.0.insert(at, (stage, took)),
        }
    }
}

impl Measurements {
    /// Does a part of a stage and counts the time it takes.
    pub(super) fn timed<T>(&mut self, stage: Stage, part: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let done = part();
        self.times.add(stage, began.elapsed());
        done
    }
}

impl Serialize for StageTimes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (stage, took) in self.iter() {
            // Three digits: a microsecond is as exact as a clock is here.
            let milliseconds = (took.as_secs_f64() * 1e6).round() / 1e3;
            map.serialize_entry(&stage, &milliseconds)?;
        }
        map.end()
    }
}

/// A number for people, with its thousands set apart.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
