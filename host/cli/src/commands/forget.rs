//! `solti-host forget`: what probes have found is found anew.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use solti_plugin_host::inspect::Digest;
use solti_plugin_host::options::DEFAULT_MAX_FILE_BYTES;
use solti_plugin_host::probe::{RememberedProbe, forget_probes};
use solti_plugin_host::text::one_line;

use crate::args::ForgetArgs;
use crate::exit::Exit;
use crate::present::message;
use crate::stdio::Stdout;

/// How many digits of a digest are enough to name it.
const FEWEST_DIGITS: usize = 8;

/// Forgets, prints what, and says how the program ends.
///
/// # Errors
///
/// When the state directory or a file cannot be read, or an argument is neither a file nor a digest.
pub(super) fn forget(args: &ForgetArgs) -> anyhow::Result<Exit> {
    // That of a mistyped name would have nothing in it.
    fs::metadata(&args.state)
        .with_context(|| format!("the state directory {}", args.state.display()))?;
    let digests = args
        .which
        .iter()
        .map(|which| digest(which))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let is_named = |probe: &RememberedProbe| {
        let mut digests = digests.iter();
        args.which.is_empty() || digests.any(|digest| probe.digest.starts_with(digest))
    };
    let forgotten = forget_probes(Some(&args.state), is_named)
        .with_context(|| format!("the state directory {}", args.state.display()))?;
    print(&forgotten)?;
    let mut exit = Exit::Success;
    for (which, digest) in args.which.iter().zip(&digests) {
        let mut forgotten = forgotten.iter();
        if !forgotten.any(|probe| probe.digest.starts_with(digest)) {
            message::only_print_warning(format_args!(
                "nothing was remembered about {}",
                which.display()
            ));
            exit = Exit::NothingForgotten;
        }
    }
    if args.which.is_empty() && forgotten.is_empty() {
        message::only_print_warning(format_args!(
            "nothing was remembered in {}",
            args.state.display()
        ));
    }
    Ok(exit)
}

fn print(forgotten: &[RememberedProbe]) -> io::Result<()> {
    for probe in forgotten {
        let RememberedProbe {
            plugin,
            version,
            digest,
            ..
        } = probe;
        let result = probe.failure.as_deref().unwrap_or("it passed");
        let line = format!("forgot {plugin} {version}, sha256 {digest}: {result}");
        Stdout.write_all(format!("{}\n", one_line(&line)).as_bytes())?;
    }
    Ok(())
}

/// The digest that an argument stands for, or the beginning of one.
fn digest(which: &Path) -> anyhow::Result<String> {
    if which.is_file() {
        let cannot_be_read = || format!("{} cannot be read", which.display());
        let len = fs::metadata(which).with_context(cannot_be_read)?.len();
        if len > DEFAULT_MAX_FILE_BYTES {
            bail!(
                "{}: the file has {len} bytes, and no plugin has more than {DEFAULT_MAX_FILE_BYTES}; name \
                 its digest instead",
                which.display()
            );
        }
        let bytes = fs::read(which).with_context(cannot_be_read)?;
        return Ok(Digest::of(&bytes).to_string());
    }
    let text = which.to_string_lossy().to_lowercase();
    if text.len() < FEWEST_DIGITS || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        bail!(
            "{}: neither a file nor at least {FEWEST_DIGITS} hex digits of a digest",
            which.display()
        );
    }
    Ok(text)
}
