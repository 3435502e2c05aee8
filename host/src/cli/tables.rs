//! How tables look.

use comfy_table::{Attribute, Cell, ContentArrangement, Row, Table, presets};

/// Where a table goes, which decides how wide it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    Stdout,
    Stderr,
}

/// An empty table, as wide as the terminal at most.
pub(super) fn new(colour: bool, stream: Stream) -> Table {
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
pub(super) fn header(colour: bool, names: &[&str]) -> Row {
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
