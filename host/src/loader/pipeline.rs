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
mod wanted;

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use tracing::debug;

pub(super) use findings::{Ended, Findings};
pub(super) use look::Seen;
pub(crate) use wanted::{Identity, IsInService, Wanted};

use super::admit;
use super::connect::{ConfigSource, ConnectError};
use super::discover::{self, Candidate, DirectoryRole, Found};
use super::error::{LoadDirError, LoadError};
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
    is_in_service: Option<IsInService<'a>>,
}

/// What became of a file.
pub(crate) enum Outcome {
    Probed(Box<Probed>),
    /// Its plugin runs already.
    InService(Box<InService>),
    /// With what its plugin is called, where that was found out before.
    Rejected(Box<Rejected>, Option<Called>),
    Skipped(Skipped),
}

/// A file that may be opened.
pub(crate) struct Probed {
    pub(in crate::loader) candidate: Candidate,
    pub(crate) wanted: Wanted,
    pub(in crate::loader) staged: Staged,
    pub(in crate::loader) probe: ProbeOutcome,
    pub(in crate::loader) measurements: Measurements,
}

/// A file whose plugin runs already.
pub(crate) struct InService {
    pub(in crate::loader) candidate: Candidate,
    pub(crate) wanted: Wanted,
    pub(in crate::loader) measurements: Measurements,
}

/// A file that was looked at.
enum Looked {
    New(Box<(Wanted, Staged)>),
    InService(Box<Wanted>),
}

impl Outcome {
    /// Notes what the plugin is called, as far as that was found out.
    pub(super) fn note(&self, names: &mut Names) {
        match self {
            Self::Probed(probed) => names.add(probed.wanted.called()),
            Self::InService(it) => names.add(it.wanted.called()),
            Self::Rejected(_, called) => called.iter().cloned().for_each(|it| names.add(it)),
            Self::Skipped(skipped) => names.add_skipped(&skipped.reason),
        }
    }
}

impl<'a> Pipeline<'a> {
    /// The pipeline for a directory in which only trusted users can put files.
    pub(super) fn trusted(options: &'a Options, path: &Path) -> Result<Self, LoadDirError> {
        maps::note_files_of_host();
        let directory = Directory::trusted(options, path)?;
        Ok(Self::of(options, directory))
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
        Ok(Self::of(options, directory))
    }

    fn of(options: &'a Options, directory: Directory) -> Self {
        Self {
            options,
            directory,
            is_in_service: None,
        }
    }

    /// Lets the files of plugins that run already go no further than to be looked at.
    pub(super) fn beside(mut self, is_in_service: IsInService<'a>) -> Self {
        self.is_in_service = Some(is_in_service);
        self
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
        let outcome = self
            .wanted(&candidate, &mut measurements, bytes)
            .and_then(|looked| {
                let (wanted, staged) = match looked {
                    Looked::New(new) => *new,
                    Looked::InService(wanted) => return Ok((*wanted, None)),
                };
                called = Some(wanted.called());
                check_config(&wanted)?;
                let probe = self.probe(&wanted, &staged, &mut measurements)?;
                Ok((wanted, Some((staged, probe))))
            });
        match outcome {
            Ok((wanted, Some((staged, probe)))) => Outcome::Probed(Box::new(Probed {
                candidate,
                wanted,
                staged,
                probe,
                measurements,
            })),
            Ok((wanted, None)) => Outcome::InService(Box::new(InService {
                candidate,
                wanted,
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

    /// Finds out what a file is to become; what does not run already is staged.
    fn wanted(
        &self,
        candidate: &Candidate,
        measured: &mut Measurements,
        bytes: &mut Vec<u8>,
    ) -> Result<Looked, Ended> {
        let seen = self.look(candidate, &mut Findings::First, measured, bytes)?;
        let goes_on = "only examining goes on after a refusal";
        let (sidecar, stamp) = (
            seen.sidecar.expect(goes_on),
            seen.inspection.stamp.expect(goes_on),
        );
        let name = sidecar.name.unwrap_or_else(|| stamp.plugin.clone());
        let options = self.options.of_plugin(&name);
        let threads = options.worker_threads.or(self.options.worker_threads);
        let config_source = ConfigSource::of(sidecar.file, &sidecar.config, &options.config);
        let wanted = Wanted {
            identity: Identity {
                name,
                digest: seen.digest,
                config: options.config.into_iter().chain(sidecar.config).collect(),
                worker_threads: threads.map_or(0, NonZeroU32::get),
            },
            config_source,
            labels: [options.labels, sidecar.labels],
            stamp,
            requirements: seen.inspection.requirements,
            signature: seen.signature,
        };
        if self.is_in_service.is_some_and(|is| is(&wanted.identity)) {
            return Ok(Looked::InService(Box::new(wanted)));
        }
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
        Ok(Looked::New(Box::new((wanted, staged))))
    }

    fn probe(
        &self,
        wanted: &Wanted,
        staged: &Staged,
        measured: &mut Measurements,
    ) -> Result<ProbeOutcome, LoadError> {
        let request = ProbeRequest {
            staged,
            stamp: &wanted.stamp,
            config: &wanted.identity.config,
            worker_threads: wanted.identity.worker_threads,
        };
        let probed = measured.timed(Stage::Probe, || probe::probe(&self.options.probe, &request));
        Ok(probed.map_err(|err| err.about(&wanted.config_source))?)
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

/// Refuses a configuration that is not what the plugin's file says: nothing of the plugin has run so far.
fn check_config(wanted: &Wanted) -> Result<(), LoadError> {
    let Some(schema) = &wanted.stamp.config else {
        return Ok(());
    };
    let checked = schema.check(&wanted.identity.config);
    Ok(checked.map_err(|said| ConnectError::refused(said).about(&wanted.config_source))?)
}
