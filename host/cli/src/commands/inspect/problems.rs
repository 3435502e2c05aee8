//! What speaks against loading a file.

use std::slice;

use solti_plugin_host::LoadError;
use solti_plugin_host::inspect::Examination;
use solti_plugin_host::refusal::sentences;

use crate::flags::flag;

/// Everything that speaks against loading a file, each on one line.
pub(super) fn problems(examination: &Result<Examination, LoadError>) -> Vec<String> {
    let refusals = match examination {
        Err(err) => slice::from_ref(err),
        Ok(examination) => &examination.refusals,
    };
    let refusals = refusals.iter();
    refusals
        .flat_map(|err| sentences(err.refusal(), flag))
        .collect()
}
