//! How tables look.

use std::io::{self, Write as _};

use anyhow::Context as _;
use comfy_table::{Attribute, Cell, Color, ContentArrangement, Row, Table, presets};
use solti_plugin_host::report::{Rejected, Skipped};

use crate::flags::flag;
use crate::stdio::Stdout;

/// Where a table goes, which decides how wide it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// An empty table, as wide as the terminal at most.
pub(crate) fn new(colour: bool, stream: Stream) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_HORIZONTAL_ONLY)
        .remove_style(comfy_table::TableComponent::HorizontalLines)
        .remove_style(comfy_table::TableComponent::MiddleIntersections)
        .set_content_arrangement(ContentArrangement::Dynamic);
    if stream == Stream::Stderr {
        table.use_stderr();
    }
    if colour {
        table.enforce_styling();
    }
    table
}

/// A table's first row.
pub(crate) fn header(colour: bool, names: &[&str]) -> Row {
    let cells = names.iter().map(|name| {
        let cell = Cell::new(name);
        if colour {
            cell.add_attribute(Attribute::Dim)
        } else {
            cell
        }
    });
    Row::from(cells.collect::<Vec<_>>())
}

/// The files with something wrong, where there are any, each under the `name` for it.
pub(crate) fn rejected(
    files: &[Rejected],
    name: impl Fn(&str) -> String,
    colour: bool,
) -> Option<String> {
    let mut table = new(colour, Stream::Stdout);
    table.set_header(header(colour, &["rejected", "stage", "reason"]));
    for rejected in files {
        let mut file = Cell::new(name(&rejected.file));
        if colour {
            file = file.fg(Color::DarkRed);
        }
        table.add_row(vec![
            file,
            Cell::new(rejected.error.stage()),
            Cell::new(rejected.reason()),
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
    let mut table = new(colour, Stream::Stdout);
    table.set_header(header(colour, &["skipped", "reason"]));
    for skipped in files {
        table.add_row([name(&skipped.file), skipped.reason.sentence(flag)]);
    }
    (!files.is_empty()).then(|| table.to_string())
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
