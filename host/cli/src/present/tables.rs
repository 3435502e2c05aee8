//! The tables that commands about files print, and how they are printed.

mod table;

use std::env::consts::DLL_SUFFIX;
use std::io::{self, Write as _};
use std::path::Path;

use anstyle::AnsiColor;
use anyhow::Context as _;
use solti_plugin_host::report::{Accepted, Rejected, Report, Skipped};

use super::phrase;
use crate::flags::flag;
use crate::stdio::Stdout;

pub(crate) use table::{Cell, Stream, Table};

/// The files with something wrong, where there are any, each under the `name` for it.
pub(crate) fn rejected(
    files: &[Rejected],
    name: impl Fn(&str) -> String,
    colour: bool,
) -> Option<String> {
    let mut table = Table::new(colour, Stream::Stdout, &["rejected", "stage", "reason"]);
    for rejected in files {
        table.add_row([
            Cell::coloured(name(&rejected.file), AnsiColor::Red),
            rejected.error.stage().to_string().into(),
            rejected.reason().into(),
        ]);
    }
    (!files.is_empty()).then(|| table.to_string())
}

/// The files left alone on purpose, where there are any, each under the `name` for it.
pub(crate) fn skipped(
    files: &[Skipped],
    name: impl Fn(&str) -> String,
    colour: bool,
) -> Option<String> {
    let mut table = Table::new(colour, Stream::Stdout, &["skipped", "reason"]);
    for skipped in files {
        table.add_row([name(&skipped.file), skipped.reason.sentence(flag)]);
    }
    (!files.is_empty()).then(|| table.to_string())
}

/// What to do about a directory without a plugin file.
pub(crate) fn hint_of_none<T: Accepted>(report: &Report<T>, directory: &Path) -> Option<String> {
    let none = report.is_empty();
    none.then(|| {
        format!(
            "put plugins into {}: files whose names end in {DLL_SUFFIX}",
            phrase::path(directory)
        )
    })
}

/// Prints what was asked for; a reader that has seen enough is no error.
///
/// # Errors
///
/// When standard output takes no more.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    match Stdout.write_all(format!("{text}\n").as_bytes()) {
        Err(err) if err.kind() != io::ErrorKind::BrokenPipe => Err(err).context("standard output"),
        _ => Ok(()),
    }
}
