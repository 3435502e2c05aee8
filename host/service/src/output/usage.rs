//! How much all logs take, and which go first.

use std::collections::VecDeque;
use std::io;
use std::path::Path;

use super::segments;
use crate::store::Seq;

/// Whose the logs are that are there.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    /// Tasks that are in the store, in their order.
    pub(crate) known: Vec<Seq>,
    /// Those that have not ended, in their order.
    pub(crate) open: Vec<Seq>,
}

/// What all logs take.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    /// Of tasks that have ended, in the order in which they did.
    ended: VecDeque<(Seq, u64)>,
    /// Bytes of all, those of tasks that run as well.
    bytes: u64,
}

impl Usage {
    /// What is there already. What nobody has any more goes: the service was killed before it could.
    pub(crate) fn found(root: &Path, owners: &Owners) -> io::Result<Self> {
        let mut by_seq = std::collections::BTreeMap::<Seq, u64>::new();
        for (seq, segment) in segments::all(root)? {
            *by_seq.entry(seq).or_default() += segment.len;
        }
        let is_known = |seq: &Seq| owners.known.binary_search(seq).is_ok();
        for seq in by_seq.keys().filter(|seq| !is_known(seq)) {
            segments::remove(root, *seq)?;
        }
        by_seq.retain(|seq, _| is_known(seq));
        let bytes = by_seq.values().sum();
        let has_ended = |seq: &Seq| owners.open.binary_search(seq).is_err();
        let ended = by_seq.into_iter().filter(|(seq, _)| has_ended(seq));
        Ok(Self {
            ended: ended.collect(),
            bytes,
        })
    }

    /// Bytes of all logs.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// A log has become longer, or shorter.
    pub(crate) fn changed(&mut self, before: u64, now: u64) {
        self.bytes = (self.bytes + now).saturating_sub(before);
    }

    /// A task has ended whose log has so many bytes.
    pub(crate) fn ended(&mut self, seq: Seq, bytes: u64) {
        self.ended.push_back((seq, bytes));
    }

    /// A task that had ended runs again, or its log was removed; whether that was known.
    pub(crate) fn forget(&mut self, seq: Seq) -> Option<u64> {
        let at = self.ended.iter().position(|(other, _)| *other == seq)?;
        self.ended.remove(at).map(|(_, bytes)| bytes)
    }

    /// Takes the oldest log that can go, while all have more than `limit` bytes.
    pub(crate) fn over(&mut self, limit: u64) -> Option<Seq> {
        if self.bytes <= limit {
            return None;
        }
        let (seq, bytes) = self.ended.pop_front()?;
        self.bytes = self.bytes.saturating_sub(bytes);
        Some(seq)
    }
}
