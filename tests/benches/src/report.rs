//! The table and the JSON file.

use std::fs;
use std::path::PathBuf;

use comfy_table::{Cell, CellAlignment, Table, presets};
use serde::Serialize;

use crate::measure::Comparison;

/// One line of the report.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The name of the case.
    pub case: String,
    /// The median of our side.
    pub ours: f64,
    /// The median of theirs.
    pub theirs: f64,
    /// The unit of both.
    pub unit: &'static str,
    /// The median of the rounds' ratios.
    pub ratio: f64,
    /// The ratio to reach.
    #[serde(skip)]
    pub target: Option<f64>,
    /// What is timed.
    #[serde(skip)]
    pub timed: &'static str,
}

impl Row {
    /// Makes a line; `scale` turns what was measured into `unit`.
    #[must_use]
    pub fn new(
        case: &str,
        comparison: Comparison,
        scale: f64,
        unit: &'static str,
        target: Option<f64>,
        timed: &'static str,
    ) -> Self {
        Self {
            case: case.to_owned(),
            ours: comparison.ours * scale,
            theirs: comparison.theirs * scale,
            unit,
            ratio: comparison.ratio,
            target,
            timed,
        }
    }
}

/// The table of all rows.
#[must_use]
pub fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    table.set_header([
        "case", "ours", "theirs", "unit", "ratio", "target", "", "timed",
    ]);
    for row in rows {
        let target = row
            .target
            .map_or(String::new(), |target| format!("<= {target}"));
        let verdict = match row.target {
            Some(target) if row.ratio <= target => "yes",
            Some(_) => "NO",
            None => "",
        };
        table.add_row([
            Cell::new(&row.case),
            number(row.ours),
            number(row.theirs),
            Cell::new(row.unit),
            Cell::new(format!("{:.3}", row.ratio)).set_alignment(CellAlignment::Right),
            Cell::new(target),
            Cell::new(verdict),
            Cell::new(row.timed),
        ]);
    }
    table
}

fn number(value: f64) -> Cell {
    let text = if value >= 100.0 || value == value.trunc() {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    };
    Cell::new(text).set_alignment(CellAlignment::Right)
}

/// Writes the rows to `side_by_side.json` in the target directory and returns its path.
///
/// # Panics
///
/// When the file cannot be written.
pub fn write_json(rows: &[Row]) -> PathBuf {
    write_json_as("side_by_side.json", rows)
}

/// Writes the rows to a file of this name in the target directory and returns its path.
///
/// # Panics
///
/// When the file cannot be written.
pub fn write_json_as(name: &str, rows: &[Row]) -> PathBuf {
    let path = e2e::target_dir().join(name);
    let json = serde_json::to_string_pretty(rows).expect("rows are plain data");
    fs::write(&path, json + "\n").expect("the target directory can be written");
    path
}
