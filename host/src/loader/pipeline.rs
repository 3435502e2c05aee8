//! The way of a file through the stages, up to the probe: the same for loading, for checking and for
//! examining.
//!
//! ```text
//! directory ─► discover ─► look: discover, admit, inspect, vouch ─► stage ─► probe ─► Probed
//!                            └ findings: the first, or all
//! ```
//!
//! Several files are on their way at a time where they are probed; they come out in order.

mod directory;
mod findings;
mod look;
mod parallel;

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use solti_model::Labels;
use solti_plugin_abi::stamp::Stamp;
use tracing::debug;

pub(super) use findings::{Ended, Findings};
pub(super) use look::Seen;

use super::admit;
use super::connect::ConfigSource;
use super::discover::{self, Candidate, DirectoryRole, Found};
use super::error::{LoadDirError, LoadError};
use super::inspect::Requirements;
use super::measure::Measurements;
use super::options::{Options, Progress};
use super::probe::{self, ProbeOutcome, ProbeRequest};
use super::report::{Called, Names, Rejected};
use super::skip::Skipped;
use super::stage::Stage;
use super::staging::{self, Staged};
use super::vouch::Sums;
use crate::maps;
use directory::Directory;
use look::Look;
use parallel::parallel;

/// What is the same for all files of a directory.
pub(super) struct Pipeline<'a> {
    options: &'a Options,
    directory: Directory,
}

/// What became of a file.
pub(super) enum Outcome {
    Probed(Box<Probed>),
    /// With what its plugin is called, where that was found out before.
    Rejected(Box<Rejected>, Option<Called>),
    Skipped(Skipped),
}

/// A file that may be opened.
pub(super) struct Probed {
    pub(super) candidate: Candidate,
    pub(super) prepared: Prepared,
    pub(super) probe: ProbeOutcome,
    pub(super) measurements: Measurements,
}

/// A file that nothing speaks against, and what its plugin is given.
pub(super) struct Prepared {
    /// What the plugin is called here: by its sidecar, or else by its stamp.
    pub(super) name: String,
    pub(super) config: Map<String, Value>,
    /// Where that comes from.
    pub(super) config_source: ConfigSource,
    /// 0 leaves the number to the plugin.
    pub(super) worker_threads: u32,
    /// Those of the host and those of the sidecar.
    pub(super) labels: [Labels; 2],
    pub(super) stamp: Stamp,
    pub(super) requirements: Requirements,
    pub(super) staged: Staged,
}

impl Outcome {
    /// Notes what the plugin is called, as far as that was found out.
    pub(super) fn note(&self, names: &mut Names) {
        match self {
            Self::Probed(probed) => names.add(probed.prepared.called()),
            Self::Rejected(_, called) => called.iter().cloned().for_each(|it| names.add(it)),
            Self::Skipped(skipped) => names.add_skipped(&skipped.reason),
        }
    }
}

impl Prepared {
    /// What the plugin is called.
    fn called(&self) -> Called {
        Called {
            built: self.stamp.plugin.clone(),
            here: self.name.clone(),
        }
    }
}

impl<'a> Pipeline<'a> {
    /// The pipeline for a directory in which only trusted users can put files.
    pub(super) fn trusted(options: &'a Options, path: &Path) -> Result<Self, LoadDirError> {
        maps::note_files_of_host();
        let directory = Directory::trusted(options, path)?;
        Ok(Self { options, directory })
    }

    /// The pipeline for a directory, absolute and without links, whoever can put files into it; who
    /// should not is among the `findings`.
    pub(super) fn untrusted(
        options: &'a Options,
        path: &Path,
        findings: &mut Findings,
    ) -> Result<Self, Ended> {
        maps::note_files_of_host();
        let directory = Directory::untrusted(options, path, findings)?;
        Ok(Self { options, directory })
    }

    /// Takes what speaks against the way to the directory, as it was named, as findings.
    pub(super) fn check_way(&self, named: &Path, findings: &mut Findings) -> Result<(), Ended> {
        findings.take(admit::check_way(named, &self.options.trust))?;
        Ok(())
    }

    /// The directory: absolute, without links.
    pub(super) fn directory(&self) -> &Path {
        &self.directory.path
    }

    pub(super) fn sums(&self) -> &Sums {
        &self.directory.sums
    }

    /// The files of the directory, sorted by name.
    pub(super) fn discover(&self) -> Result<Vec<Found>, LoadDirError> {
        let path = self.directory();
        discover::discover(path)
            .map_err(|err| directory::unusable(DirectoryRole::Plugins, path, err))
    }

    /// Takes the files through the stages and hands them to `take` in their order.
    pub(super) fn run(&self, found: Vec<Found>, mut take: impl FnMut(Outcome)) {
        let names: Vec<_> = found.iter().map(|found| found.file().to_owned()).collect();
        parallel(
            found,
            probe::workers(&self.options.probe),
            |found, bytes| self.outcome(found, bytes),
            |done, wait| {
                if let Some(on_progress) = &self.options.on_progress {
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

    /// Looks at a file, as far as that is possible without running it.
    pub(super) fn look(
        &self,
        candidate: &Candidate,
        findings: &mut Findings,
        measured: &mut Measurements,
        bytes: &mut Vec<u8>,
    ) -> Result<Seen, Ended> {
        let look = Look {
            options: self.options,
            sums: self.sums(),
            candidate,
            findings,
            measured,
        };
        look.run(bytes)
    }

    fn outcome(&self, found: Found, bytes: &mut Vec<u8>) -> Outcome {
        let mut measurements = Measurements::default();
        let candidate = match found {
            Found::Candidate(candidate) => candidate,
            Found::Skipped(skipped) => return Outcome::Skipped(skipped),
            Found::Rejected { file, path, error } => {
                return self.rejected(file, path, error.into(), measurements, None);
            }
        };
        let mut called = None;
        let probed = self
            .prepare(&candidate, &mut measurements, bytes)
            .and_then(|prepared| {
                called = Some(prepared.called());
                let probe = self.probe(&prepared, &mut measurements)?;
                Ok((prepared, probe))
            });
        match probed {
            Ok((prepared, probe)) => Outcome::Probed(Box::new(Probed {
                candidate,
                prepared,
                probe,
                measurements,
            })),
            Err(Ended::Refused(error)) => {
                self.rejected(candidate.file, candidate.path, error, measurements, called)
            }
            Err(Ended::Skipped(reason)) => Outcome::Skipped(Skipped {
                file: candidate.file,
                path: candidate.path,
                reason,
            }),
        }
    }

    fn prepare(
        &self,
        candidate: &Candidate,
        measured: &mut Measurements,
        bytes: &mut Vec<u8>,
    ) -> Result<Prepared, Ended> {
        let seen = self.look(candidate, &mut Findings::First, measured, bytes)?;
        let goes_on = "only examining goes on after a refusal";
        let (sidecar, stamp) = (
            seen.sidecar.expect(goes_on),
            seen.inspection.stamp.expect(goes_on),
        );
        let staged = measured
            .timed(Stage::Staging, || {
                let directory = self.options.stage_in.as_deref();
                staging::stage(&candidate.file, bytes, seen.digest, directory)
            })
            .map_err(LoadError::from)?;
        debug!(
            "staged {}: {} bytes, sha256 {}",
            candidate.file, staged.len, staged.digest
        );
        let name = sidecar.name.unwrap_or_else(|| stamp.plugin.clone());
        let options = self.options.of_plugin(&name);
        let threads = options.worker_threads.or(self.options.worker_threads);
        let config_source = ConfigSource::of(sidecar.file, &sidecar.config, &options.config);
        Ok(Prepared {
            name,
            config_source,
            config: options.config.into_iter().chain(sidecar.config).collect(),
            worker_threads: threads.map_or(0, NonZeroU32::get),
            labels: [options.labels, sidecar.labels],
            stamp,
            requirements: seen.inspection.requirements,
            staged,
        })
    }

    fn probe(
        &self,
        prepared: &Prepared,
        measured: &mut Measurements,
    ) -> Result<ProbeOutcome, LoadError> {
        let request = ProbeRequest {
            staged: &prepared.staged,
            stamp: &prepared.stamp,
            config: &prepared.config,
            worker_threads: prepared.worker_threads,
        };
        let probed = measured.timed(Stage::Probe, || probe::probe(&self.options.probe, &request));
        Ok(probed.map_err(|err| err.about(&prepared.config_source))?)
    }

    fn rejected(
        &self,
        file: String,
        path: PathBuf,
        error: LoadError,
        measurements: Measurements,
        called: Option<Called>,
    ) -> Outcome {
        let rejected = Rejected {
            file,
            path,
            error,
            measurements,
            names: self.options.names,
        };
        Outcome::Rejected(Box::new(rejected), called)
    }
}
