//! A table: columns where there is room for them, or else a line for each cell.

use std::env;
use std::fmt::{self, Write as _};

use anstyle::{AnsiColor, Style};
use comfy_table::{
    Attribute, CellAlignment, Color, ColumnConstraint, ContentArrangement, TableComponent, Width,
    presets,
};

use crate::present::charset;
use crate::present::style::{self, DIM};

/// Where a table goes, which decides how wide it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// A table. It prints as one in columns, or as records where it is too narrow there for that.
#[derive(Debug)]
pub(crate) struct Table {
    colour: bool,
    stream: Stream,
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

#[derive(Debug)]
struct Column {
    name: &'static str,
    /// Whether its cells are numbers.
    right: bool,
    /// Whether its cells may go on in the next line.
    wraps: bool,
}

/// A cell of a table, on one line.
#[derive(Debug)]
pub(crate) struct Cell {
    text: String,
    colour: Option<AnsiColor>,
}

/// A text that is longer gets at least so much room in a table.
const LEAST_WIDTH: usize = 24;

/// A word that is longer may be broken before a table becomes records.
const LONG_WORD: usize = 30;

/// The width of a terminal that does not say how wide it is.
const USUAL_WIDTH: u16 = 80;

/// What comfy-table puts around the text of a cell, and between two cells.
const PADDING: usize = 2;
const BETWEEN: usize = 1;

impl Cell {
    /// A cell in this colour, where colours are shown.
    pub(crate) fn coloured(text: impl Into<String>, colour: AnsiColor) -> Self {
        Self {
            text: text.into(),
            colour: Some(colour),
        }
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }

    fn longest_word(&self) -> usize {
        let words = self.text.split(' ').map(|word| word.chars().count());
        words.max().unwrap_or(0)
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self {
            text: text.into(),
            colour: None,
        }
    }
}

impl Table {
    /// An empty table with columns of these names, for a stream that is in colours if `colour`. The cells of
    /// the last column may go on in the next line.
    pub(crate) fn new(colour: bool, stream: Stream, names: &[&'static str]) -> Self {
        let columns = names.iter().enumerate().map(|(at, name)| Column {
            name,
            right: false,
            wraps: at + 1 == names.len(),
        });
        Self {
            colour,
            stream,
            columns: columns.collect(),
            rows: Vec::new(),
        }
    }

    /// The same with numbers in these columns.
    pub(crate) fn with_numbers(mut self, columns: impl IntoIterator<Item = usize>) -> Self {
        for at in columns {
            self.columns[at].right = true;
        }
        self
    }

    /// The same where the cells of exactly these columns may go on in the next line.
    pub(crate) fn wrapping(mut self, columns: &[usize]) -> Self {
        for (at, column) in self.columns.iter_mut().enumerate() {
            column.wraps = columns.contains(&at);
        }
        self
    }

    /// Adds a row, with a cell for each column.
    pub(crate) fn add_row(&mut self, cells: impl IntoIterator<Item = impl Into<Cell>>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table on a terminal, or in a file, of this width, if it has one.
    fn shown(&self, width: Option<u16>) -> String {
        match width {
            Some(width) if self.least_width() > usize::from(width) => {
                self.as_records(usize::from(width))
            }
            width => self.in_columns(width),
        }
    }

    /// The widest cell of a column, or the longest word where it may go on in the next line.
    fn least(&self, at: usize) -> usize {
        let Column { name, wraps, .. } = self.columns[at];
        let cells = self.rows.iter().filter_map(|row| row.get(at));
        let widths = cells.map(|cell| match wraps {
            true => cell
                .longest_word()
                .min(LONG_WORD)
                .max(cell.width().min(LEAST_WIDTH)),
            false => cell.width(),
        });
        widths.chain([name.len()]).max().unwrap_or(0)
    }

    fn least_width(&self) -> usize {
        let columns = 0..self.columns.len();
        let cells: usize = columns.map(|at| self.least(at) + PADDING).sum();
        cells + BETWEEN * self.columns.len().saturating_sub(1)
    }

    fn in_columns(&self, width: Option<u16>) -> String {
        let mut table = comfy_table::Table::new();
        table
            .load_preset(charset::or_ascii(
                presets::UTF8_HORIZONTAL_ONLY,
                presets::ASCII_HORIZONTAL_ONLY,
            ))
            .remove_style(TableComponent::HorizontalLines)
            .remove_style(TableComponent::MiddleIntersections);
        match width {
            Some(width) => table
                .set_content_arrangement(ContentArrangement::Dynamic)
                .set_width(width),
            None => table.set_content_arrangement(ContentArrangement::Disabled),
        };
        if self.colour {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        table.set_header(self.columns.iter().map(|column| {
            let cell = comfy_table::Cell::new(column.name);
            match self.colour {
                true => cell.add_attribute(Attribute::Dim),
                false => cell,
            }
        }));
        for row in &self.rows {
            table.add_row(row.iter().map(|cell| self.in_column(cell)));
        }
        for (at, column) in self.columns.iter().enumerate() {
            let least = u16::try_from(self.least(at) + PADDING).unwrap_or(u16::MAX);
            let of_table = table.column_mut(at).expect("the header has a cell for it");
            if column.right {
                of_table.set_cell_alignment(CellAlignment::Right);
            }
            if width.is_some() {
                of_table.set_constraint(match column.wraps {
                    true => ColumnConstraint::LowerBoundary(Width::Fixed(least)),
                    false => ColumnConstraint::ContentWidth,
                });
            }
        }
        table.to_string()
    }

    fn in_column(&self, cell: &Cell) -> comfy_table::Cell {
        let text = charset::shown(&cell.text);
        let shown = comfy_table::Cell::new(text);
        match cell.colour.filter(|_| self.colour) {
            Some(AnsiColor::Red) => shown.fg(Color::DarkRed),
            Some(AnsiColor::Green) => shown.fg(Color::DarkGreen),
            Some(_) => shown.fg(Color::DarkYellow),
            None => shown,
        }
    }

    /// A line for each cell that has something in it, after the name of its column. A row without a first
    /// cell belongs to the row before it.
    fn as_records(&self, width: usize) -> String {
        let names = self.columns.iter().map(|column| column.name.len());
        let indent = names.max().unwrap_or(0) + 2;
        let dim = style::when(self.colour, DIM);
        let mut text = String::new();
        for row in &self.rows {
            let begins = row.first().is_some_and(|cell| !cell.text.is_empty());
            if begins && !text.is_empty() {
                text.push('\n');
            }
            for (column, cell) in self.columns.iter().zip(row) {
                if cell.text.is_empty() {
                    continue;
                }
                let name = column.name;
                let of_cell = cell.colour.map_or(Style::new(), AnsiColor::on_default);
                let of_cell = style::when(self.colour, of_cell);
                let value = charset::shown(&cell.text);
                let value = wrapped(&value, width.saturating_sub(indent), indent);
                let padding = indent - name.len();
                writeln!(
                    text,
                    "{dim}{name}{dim:#}{:padding$}{of_cell}{value}{of_cell:#}",
                    ""
                )
                .expect("a string takes every text");
            }
        }
        text.truncate(text.trim_end().len());
        text
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown(width_of(self.stream)))
    }
}

/// A text in lines of this width, all but the first after so many blanks. No word is broken: what is copied
/// of it, a path or a digest, is whole.
fn wrapped(text: &str, width: usize, indent: usize) -> String {
    let mut lines = String::new();
    let mut used = 0;
    for word in text.split(' ') {
        let len = word.chars().count();
        if used > 0 && used + 1 + len > width {
            write!(lines, "\n{:indent$}", "").expect("a string takes every text");
            used = 0;
        } else if used > 0 {
            lines.push(' ');
            used += 1;
        }
        lines.push_str(word);
        used += len;
    }
    lines
}

/// The width of what a stream leads to, if it has one: a file may have lines of any length.
fn width_of(stream: Stream) -> Option<u16> {
    let mut table = comfy_table::Table::new();
    if stream == Stream::Stderr {
        table.use_stderr();
    }
    let terminal = table.width();
    if let Some(width) = terminal.filter(|width| *width > 0) {
        return Some(width);
    }
    let named = env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    named
        .filter(|width| *width > 0)
        .or(terminal.map(|_| USUAL_WIDTH))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let names = &["slot", "outcome", "lines", "reason"];
        let mut table = Table::new(false, Stream::Stdout, names).with_numbers([2]);
        table.add_row(["greet", "succeeded", "1", ""]);
        let path = "/srv/a-long-way/to-a/program-of-some-name";
        table.add_row(["flaky", "failed", "12", &format!("cannot start {path}")]);
        table
    }

    #[test]
    fn no_line_of_a_table_is_wider_than_the_terminal() {
        for width in [80, 70, 60] {
            let text = table().shown(Some(width));
            let widest = text.lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(usize::from(width)), "{width}:\n{text}");
            assert!(text.contains('═'), "{width}:\n{text}");
        }
    }

    #[test]
    fn a_table_that_is_too_narrow_for_its_words_has_a_line_for_each_cell() {
        assert_eq!(
            table().shown(Some(40)),
            "slot     greet\n\
             outcome  succeeded\n\
             lines    1\n\
             \n\
             slot     flaky\n\
             outcome  failed\n\
             lines    12\n\
             reason   cannot start\n         \
             /srv/a-long-way/to-a/program-of-some-name"
        );
    }

    #[test]
    fn a_table_in_a_file_has_each_row_on_one_line() {
        let text = table().shown(None);
        let row =
            " flaky   failed         12   cannot start /srv/a-long-way/to-a/program-of-some-name ";
        assert!(text.lines().any(|line| line == row), "{text}");
    }
}
