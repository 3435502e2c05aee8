//! What would become of files, without any of them becoming part of the host.

use std::ffi::OsStr;
use std::path::Path;

use super::discover::{self, Found};
use super::error::{LoadDirError, LoadError};
use super::open::{Sonames, StaticTls};
use super::options::Options;
use super::pipeline::{Outcome, Pipeline, Probed};
use super::register;
use super::report::{CheckReport, Names, OfferedRunner, PassedPlugin, Rejected};
use super::skip::SkipReason;

/// Does all with the directory `path`, or with one file, that is done before a plugin is opened in
/// this process.
pub(super) fn check(options: &Options, path: &Path) -> Result<CheckReport, LoadDirError> {
    if path.is_dir() {
        let pipeline = Pipeline::trusted(options, path)?;
        let found = pipeline.discover()?;
        return Ok(check_all(options, &pipeline, found));
    }
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let pipeline = Pipeline::trusted(options, parent)?;
    let name = path.file_name().unwrap_or(path.as_os_str());
    let found = discover::look_at(&pipeline.directory().join(name));
    let mut report = check_all(options, &pipeline, vec![found]);
    if let Some(reason) = why_left_alone(&pipeline, name) {
        report.skip_passed(&reason);
    }
    Ok(report)
}

fn check_all(options: &Options, pipeline: &Pipeline<'_>, found: Vec<Found>) -> CheckReport {
    let mut report = CheckReport::new(pipeline.directory().to_owned(), options.names);
    let mut seen = Names::default();
    let (mut sonames, mut tls) = (Sonames::opened(), StaticTls::default());
    pipeline.run(found, |outcome| {
        outcome.note(&mut seen);
        match outcome {
            Outcome::Probed(probed) => match would_load(&probed, &report, &mut sonames, &mut tls) {
                Ok(()) => report.add(passed(*probed)),
                Err(error) => report.add_rejected(Rejected {
                    file: probed.candidate.file,
                    path: probed.candidate.path,
                    error,
                    measurements: probed.measurements,
                    names: options.names,
                }),
            },
            Outcome::InService(_) => unreachable!("nothing runs for a check"),
            Outcome::Rejected(rejected, _) => report.add_rejected(*rejected),
            Outcome::Skipped(skipped) => report.add_skipped(skipped),
        }
    });
    let unused = seen.missing(options, report.rejected().len());
    report.set_unused_options(unused);
    report
}

/// Asks what *open* and *register* would say of a file among the others.
fn would_load(
    probed: &Probed,
    report: &CheckReport,
    sonames: &mut Sonames,
    tls: &mut StaticTls,
) -> Result<(), LoadError> {
    let (file, wanted) = (&probed.candidate.file, &probed.wanted);
    let name = &wanted.identity.name;
    register::check_name(name, report.file_of(name))?;
    sonames.check(file, &wanted.requirements)?;
    tls.take(&wanted.requirements)?;
    sonames.add(file, &wanted.requirements);
    Ok(())
}

fn passed(probed: Probed) -> PassedPlugin {
    let wanted = probed.wanted;
    let labels = register::labels(&wanted.stamp, &wanted.labels);
    PassedPlugin {
        file: probed.candidate.file,
        path: probed.candidate.path,
        plugin: wanted.identity.name,
        version: wanted.stamp.version.clone(),
        abi: wanted.stamp.abi,
        runners: OfferedRunner::all(&wanted.stamp, labels),
        probe: probed.probe,
        static_tls_bytes: wanted.requirements.static_tls_bytes,
        measurements: probed.measurements,
    }
}

/// Why a host leaves a file of this name alone, whatever is in it.
fn why_left_alone(pipeline: &Pipeline<'_>, name: &OsStr) -> Option<SkipReason> {
    let path = pipeline.directory().join(name);
    let file = discover::look_at(&path).file().to_owned();
    let all = pipeline.discover().ok()?;
    match all.into_iter().find(|found| found.file() == file) {
        // A second name of a file is skipped, too, but then there is nothing to do about it.
        Some(Found::Skipped(skipped)) => match skipped.reason {
            SkipReason::SameFile { .. } => None,
            reason => Some(reason),
        },
        Some(_) => None,
        None => Some(SkipReason::NoPluginName),
    }
}
