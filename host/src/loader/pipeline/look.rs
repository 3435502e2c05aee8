//! The stages that only look at a file: *discover* to *vouch*.

use std::ffi::OsStr;
use std::path::Path;

use solti_plugin_abi::stamp::Stamp;
use solti_plugin_abi::text::escape_bytes;

use super::findings::{Ended, Findings};
use crate::loader::admit::{self, AdmitError, Opened};
use crate::loader::digest::Digest;
use crate::loader::discover::{Candidate, Sidecar, sidecar_file};
use crate::loader::error::LoadError;
use crate::loader::inspect::{self, Inspection};
use crate::loader::measure::Measurements;
use crate::loader::options::Options;
use crate::loader::skip::SkipReason;
use crate::loader::stage::Stage;
use crate::loader::vouch::{self, Signature, Sums, VouchError, signature_file};

/// What was seen of a file.
pub(in crate::loader) struct Seen {
    /// `None` when it was refused.
    pub(in crate::loader) sidecar: Option<Sidecar>,
    pub(in crate::loader) digest: Digest,
    pub(in crate::loader) inspection: Inspection,
    /// `None` when the host has no key to check one with.
    pub(in crate::loader) signature: Option<Signature>,
}

/// One file on its way, and what it is looked at with.
pub(super) struct Look<'a> {
    pub(super) options: &'a Options,
    pub(super) sums: &'a Sums,
    pub(super) candidate: &'a Candidate,
    pub(super) findings: &'a mut Findings,
    pub(super) measured: &'a mut Measurements,
}

impl Look<'_> {
    /// Takes the file through the stages. Its bytes are read into `bytes`: memory that was touched
    /// once is at hand for the next file, and to touch new memory takes as long as to read.
    pub(super) fn run(mut self, bytes: &mut Vec<u8>) -> Result<Seen, Ended> {
        let sidecar = self.sidecar()?;
        self.admit(bytes)?;
        let digest = self.measured.timed(Stage::Vouch, || Digest::of(bytes));
        self.measured.sha256 = Some(digest);
        let inspection = self.inspect(bytes)?;
        let signature = self.vouch(digest, bytes, inspection.stamp.as_ref())?;
        Ok(Seen {
            sidecar,
            digest,
            inspection,
            signature,
        })
    }

    fn sidecar(&mut self) -> Result<Option<Sidecar>, Ended> {
        let Self { options, sums, .. } = *self;
        let path = sidecar_file(&self.candidate.path);
        let text = self
            .measured
            .timed(Stage::Discover, || Sidecar::read(&path, &options.trust));
        let Some(text) = self.findings.take(text)? else {
            return Ok(None);
        };
        // Before anything in it counts.
        let vouched = self.measured.timed(Stage::Vouch, || {
            sums.check_sidecar(name_of(&path), text.as_deref())
        });
        self.findings.take(vouched)?;
        let sidecar = self
            .measured
            .timed(Stage::Discover, || Sidecar::parse(&path, text));
        let sidecar = self.findings.take(sidecar)?;
        if let Some(Sidecar {
            enabled: false,
            file,
            ..
        }) = &sidecar
        {
            let sidecar = file.clone();
            self.findings.skip(SkipReason::Disabled { sidecar })?;
        }
        Ok(sidecar)
    }

    /// Opens the file once: from here on its name is not looked at again.
    fn admit(&mut self, bytes: &mut Vec<u8>) -> Result<(), Ended> {
        let trust = &self.options.trust;
        let Candidate { path, real, .. } = self.candidate;
        let checked = self
            .measured
            .timed(Stage::Admit, || admit::check_link(path, real, trust));
        self.findings.take(checked)?;
        let opened = self
            .measured
            .timed(Stage::Admit, || Opened::new(real))
            .map_err(LoadError::from)?;
        let refusals: Vec<AdmitError> = self
            .measured
            .timed(Stage::Admit, || opened.refusals(trust).collect());
        for refusal in refusals {
            self.findings.add(refusal)?;
        }
        self.measured.size = Some(opened.len());
        self.measured
            .timed(Stage::Admit, || opened.read_plugin(bytes, trust))
            .map_err(LoadError::from)?;
        Ok(())
    }

    fn inspect(&mut self, bytes: &[u8]) -> Result<Inspection, Ended> {
        let inspection = self
            .measured
            .timed(Stage::Inspect, || inspect::inspect(bytes));
        self.findings.take(inspection.check())?;
        let needs = &inspection.requirements;
        let origin = self.options.stage_in.as_deref();
        let checked = self.measured.timed(Stage::Inspect, || {
            let trust = &self.options.trust;
            admit::check_search(&needs.searched, &needs.named, origin, trust)
        });
        self.findings.take(checked)?;
        if let (Some(allowed), Some(stamp)) = (&self.options.allowed, &inspection.stamp)
            && !allowed.contains(&stamp.plugin)
        {
            let plugin = stamp.plugin.clone();
            self.findings.skip(SkipReason::NotAllowed { plugin })?;
        }
        Ok(inspection)
    }

    fn vouch(
        &mut self,
        digest: Digest,
        bytes: &[u8],
        stamp: Option<&Stamp>,
    ) -> Result<Option<Signature>, Ended> {
        let Self { options, sums, .. } = *self;
        let path = &self.candidate.path;
        let listed = self
            .measured
            .timed(Stage::Vouch, || sums.check(name_of(path), digest));
        self.findings.take(listed)?;
        if options.keys.is_empty() {
            return Ok(None);
        }
        let signed = self.measured.timed(Stage::Vouch, || {
            let file = signature_file(path);
            let name = escape_bytes(name_of(&file).as_encoded_bytes()).into_owned();
            let text = admit::read_text(&file, &options.trust);
            vouch::verify(&options.keys, name, text, bytes)
        });
        Ok(Some(match signed {
            Ok(signed) => {
                // A file without a stamp is refused for that.
                let named = stamp.map_or(Ok(()), |stamp| signed.check(stamp));
                self.findings.take(named)?;
                let comment = signed.comment;
                Signature::Good { comment }
            }
            Err(err) => {
                let absent = matches!(err, VouchError::Unsigned { .. });
                self.findings.add(err)?;
                if absent {
                    Signature::Absent
                } else {
                    Signature::Bad
                }
            }
        }))
    }
}

fn name_of(path: &Path) -> &OsStr {
    path.file_name().unwrap_or_default()
}
