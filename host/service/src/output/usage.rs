//! How much all logs take, and which go first.

use std::collections::{HashSet, VecDeque};
use std::io;
use std::path::Path;

use super::segments;
use crate::store::Seq;

/// Whose the logs are that are there.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    /// Tasks that are in the store, in their order.
    pub(crate) known: Vec<Seq>,
    /// Tasks that have not ended.
    pub(crate) is_open: HashSet<Seq>,
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
    /// What is there already. `owner` says whose logs those of these numbers are; what nobody has any
    /// more goes: the service was killed before it could.
    pub(crate) fn found(root: &Path, owner: impl FnOnce(&[Seq]) -> Owners) -> io::Result<Self> {
        let mut by_seq = std::collections::BTreeMap::<Seq, u64>::new();
        for (seq, segment) in segments::all(root)? {
            *by_seq.entry(seq).or_default() += segment.len;
        }
        let all: Vec<_> = by_seq.keys().copied().collect();
        let Owners { known, is_open } = owner(&all);
        for seq in all {
            if known.binary_search(&seq).is_err() {
                segments::remove(root, seq)?;
                by_seq.remove(&seq);
            }
        }
        let bytes = by_seq.values().sum();
        let ended = by_seq.into_iter().filter(|(seq, _)| !is_open.contains(seq));
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
