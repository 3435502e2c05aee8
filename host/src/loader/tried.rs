//! Takes files through all stages before *open*, several at a time where they are probed, and out
//! again in order.

use super::discover::{Candidate, Found};
use super::error::Stage;
use super::facts::FileFacts;
use super::policy::Sums;
use super::prepare::{Prepared, Ready};
use super::probe::{self, ProbeOutcome, ProbeRequest};
use super::report::{Rejected, Skipped};
use super::side_by_side::side_by_side;
use super::{PluginLoader, Progress};

/// What became of a file.
pub(super) enum Tried {
    Sound(Box<Sound>),
    Rejected(Box<Rejected>),
    Skipped(Skipped),
}

/// A file that may be opened.
pub(super) struct Sound {
    pub(super) candidate: Candidate,
    pub(super) ready: Ready,
    pub(super) probe: ProbeOutcome,
    pub(super) facts: FileFacts,
}

impl PluginLoader {
    /// Tries the files and hands them to `take` in their order.
    pub(super) fn try_all(&self, found: Vec<Found>, sums: &Sums, mut take: impl FnMut(Tried)) {
        let names: Vec<_> = found.iter().map(|found| found.file().to_owned()).collect();
        side_by_side(
            found,
            probe::workers(&self.probe),
            |found, bytes| self.probe_tried(self.prepare_found(found, sums, bytes)),
            |done, wait| {
                if let Some(on_progress) = &self.on_progress {
                    on_progress(Progress {
                        file: &names[done],
                        done,
                        total: names.len(),
                    });
                }
                take(wait());
            },
        );
    }

    fn prepare_found(&self, found: Found, sums: &Sums, bytes: &mut Vec<u8>) -> Tried {
        let mut facts = FileFacts::default();
        let candidate = match found {
            Found::Candidate(candidate) => candidate,
            Found::Skipped(skipped) => return Tried::Skipped(skipped),
            Found::Rejected(file, error) => {
                return Tried::Rejected(Box::new(Rejected { file, error, facts }));
            }
        };
        match self.prepare(&candidate, sums, &mut facts, bytes) {
            Ok(Prepared::Ready(ready)) => Tried::Sound(Box::new(Sound {
                candidate,
                ready: *ready,
                probe: ProbeOutcome::default(),
                facts,
            })),
            Ok(Prepared::Skipped(reason)) => Tried::Skipped(Skipped {
                file: candidate.file,
                reason,
            }),
            Err(error) => {
                let file = candidate.file;
                Tried::Rejected(Box::new(Rejected { file, error, facts }))
            }
        }
    }

    fn probe_tried(&self, tried: Tried) -> Tried {
        let Tried::Sound(mut sound) = tried else {
            return tried;
        };
        let Ready {
            config,
            worker_threads,
            stamp,
            staged,
            ..
        } = &sound.ready;
        let request = ProbeRequest {
            staged,
            stamp,
            config,
            worker_threads: *worker_threads,
        };
        match sound
            .facts
            .timed(Stage::Probe, || probe::probe(&self.probe, &request))
        {
            Ok(probe) => {
                sound.probe = probe;
                Tried::Sound(sound)
            }
            Err(err) => sound.rejected(err.into()),
        }
    }
}

impl Sound {
    /// The file as one that is refused after all.
    pub(super) fn rejected(self, error: super::LoadError) -> Tried {
        Tried::Rejected(Box::new(Rejected {
            file: self.candidate.file,
            error,
            facts: self.facts,
        }))
    }
}
