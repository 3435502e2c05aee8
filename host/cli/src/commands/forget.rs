//! `solti-host forget`: what probes have found is found anew.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use solti_plugin_host::{Digest, RememberedProbe, forget_probes, one_line};

use crate::args::ForgetArgs;
use crate::exit::Exit;
use crate::present::message;

/// The fewest digits that name a digest.
const FEWEST_DIGITS: usize = 8;

/// Forgets, says what, and says how the program ends.
///
/// # Errors
///
/// When the state directory or a file cannot be read, or a word names neither a file nor a digest.
pub(super) fn forget(args: &ForgetArgs) -> anyhow::Result<Exit> {
    let digests = args
        .which
        .iter()
        .map(|word| digest(word))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let is_meant = |probe: &RememberedProbe| {
        digests.is_empty()
            || digests
                .iter()
                .any(|digest| probe.digest.starts_with(digest))
    };
    let forgotten = forget_probes(Some(&args.state), is_meant)
        .with_context(|| format!("the state directory {}", args.state.display()))?;
    let mut stdout = io::stdout();
    for probe in &forgotten {
        let found = probe.failure.as_deref().unwrap_or("it passed");
        let RememberedProbe {
            plugin,
            version,
            digest,
            ..
        } = probe;
        writeln!(
            stdout,
            "{}",
            one_line(&format!(
                "forgot {plugin} {version}, sha256 {digest}: {found}"
            ))
        )?;
    }
    let mut exit = Exit::Success;
    for (word, digest) in args.which.iter().zip(&digests) {
        if !forgotten
            .iter()
            .any(|probe| probe.digest.starts_with(digest))
        {
            message::warning(format_args!("nothing was remembered of {}", word.display()));
            exit = Exit::NothingForgotten;
        }
    }
    if args.which.is_empty() && forgotten.is_empty() {
        message::warning(format_args!(
            "nothing was remembered in {}",
            args.state.display()
        ));
    }
    Ok(exit)
}

/// The digest that a word stands for, or the beginning of one.
fn digest(word: &Path) -> anyhow::Result<String> {
    if word.is_file() {
        let bytes = fs::read(word).with_context(|| format!("{} cannot be read", word.display()))?;
        return Ok(Digest::of(&bytes).to_string());
    }
    let text = word.to_string_lossy().to_lowercase();
    if text.len() < FEWEST_DIGITS || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        bail!(
            "{}: neither a file nor the digest of one, of which {FEWEST_DIGITS} digits are enough",
            word.display()
        );
    }
    Ok(text)
}
