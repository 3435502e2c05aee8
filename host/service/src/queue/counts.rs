//! What became of the deliveries that this service got.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::exposition::{counters, single};

/// What became of a delivery.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fate {
    /// It has the result.
    Ended,
    /// Another delivery had one before, or its end was asked for before it began.
    Over,
    /// It is for another host, or for later.
    GivenBack,
    /// It is a dead letter.
    Buried,
}

/// The names of the fates, in their order.
const FATES: [&str; 4] = ["ended", "over", "given_back", "buried"];

/// What became of the deliveries that this service got.
#[derive(Debug, Default)]
pub(super) struct Counts {
    fates: [AtomicU64; FATES.len()],
    /// How many had been delivered before.
    again: AtomicU64,
}

impl Counts {
    pub(super) fn add(&self, fate: Fate) {
        self.fates[fate as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_again(&self) {
        self.again.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn write(&self, text: &mut String) {
        let fates = FATES.iter().zip(&self.fates);
        counters(
            text,
            "solti_queue_deliveries_total",
            "Tasks of the queue that this service got, by what became of them.",
            fates.map(|(name, count)| {
                let labels = format!("result=\"{name}\"");
                (labels, count.load(Ordering::Relaxed))
            }),
        );
        let again = self.again.load(Ordering::Relaxed);
        single(
            text,
            "solti_queue_deliveries_again_total",
            "counter",
            "Tasks of the queue that this service got and that had been delivered before.",
            again,
        );
    }
}
