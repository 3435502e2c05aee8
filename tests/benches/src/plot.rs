//! The pictures: one question each, both sides on one plot.

use std::error::Error;
use std::path::{Path, PathBuf};

use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;

/// The measured points of one side: how many, and what it cost.
pub type Points = Vec<(f64, f64)>;

/// One curve.
pub struct Curve {
    /// What the legend calls it.
    pub name: &'static str,
    /// Its points, by growing number.
    pub points: Points,
    /// Its colour; each side has one.
    pub colour: RGBColor,
}

/// Through the boundary.
pub const OURS: RGBColor = RGBColor(0x1f, 0x77, 0xb4);
/// Ours again, with more to do.
pub const LIGHT: RGBColor = RGBColor(0x8f, 0xc4, 0xec);
/// The published stack, or the plain system.
pub const THEIRS: RGBColor = RGBColor(0xd6, 0x60, 0x0d);

/// A question and its axes.
pub struct Plot<'a> {
    /// The file's name in `docs/plots`, without its suffix.
    pub file: &'a str,
    /// The question.
    pub title: &'a str,
    /// What grows.
    pub x: &'a str,
    /// What it costs, with its unit.
    pub y: &'a str,
    /// Whether both axes are logarithmic.
    pub logarithmic: bool,
}

impl Plot<'_> {
    /// Draws the curves and returns the file.
    ///
    /// # Panics
    ///
    /// When there is nothing to draw or the file cannot be written.
    pub fn draw(&self, directory: &Path, curves: &[Curve]) -> PathBuf {
        let path = directory.join(format!("{}.svg", self.file));
        let points = || curves.iter().flat_map(|curve| curve.points.iter());
        let of = |pick: fn(&(f64, f64)) -> f64| points().map(pick);
        let max = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::MIN, f64::max);
        let min = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::MAX, f64::min);
        let (left, right) = (min(&mut of(|at| at.0)), max(&mut of(|at| at.0)));
        let (bottom, top) = (min(&mut of(|at| at.1)), max(&mut of(|at| at.1)));
        let drawn = if self.logarithmic {
            let x = (left..right * 1.1).log_scale();
            let y = (bottom / 1.5..top * 2.0).log_scale();
            self.draw_on(&path, curves, x, y)
        } else {
            self.draw_on(&path, curves, 0.0..right * 1.03, 0.0..top * 1.25)
        };
        drawn.unwrap_or_else(|err| panic!("{}: {err}", path.display()));
        path
    }

    fn draw_on<X, Y>(&self, path: &Path, curves: &[Curve], x: X, y: Y) -> Result<(), Box<dyn Error>>
    where
        X: AsRangedCoord<Value = f64>,
        Y: AsRangedCoord<Value = f64>,
        X::CoordDescType: ValueFormatter<f64>,
        Y::CoordDescType: ValueFormatter<f64>,
    {
        let area = SVGBackend::new(path, (800, 480)).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .caption(self.title, ("sans-serif", 20))
            .margin(16)
            .x_label_area_size(48)
            .y_label_area_size(72)
            .build_cartesian_2d(x, y)?;
        chart
            .configure_mesh()
            .x_desc(self.x)
            .y_desc(self.y)
            .axis_desc_style(("sans-serif", 16))
            .label_style(("sans-serif", 13))
            .light_line_style(WHITE)
            .bold_line_style(RGBColor(0xdd, 0xdd, 0xdd))
            .x_label_formatter(&|value| number(*value))
            .y_label_formatter(&|value| number(*value))
            .draw()?;
        for curve in curves {
            let colour = curve.colour;
            chart
                .draw_series(LineSeries::new(
                    curve.points.iter().copied(),
                    colour.stroke_width(2),
                ))?
                .label(curve.name)
                .legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 24, y)], colour.stroke_width(2))
                });
            chart.draw_series(
                curve
                    .points
                    .iter()
                    .map(|at| Circle::new(*at, 3, colour.filled())),
            )?;
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .label_font(("sans-serif", 14))
            .background_style(WHITE.mix(0.85))
            .border_style(RGBColor(0xbb, 0xbb, 0xbb))
            .draw()?;
        area.present()?;
        Ok(())
    }
}

/// A number with its thousands set apart.
fn number(value: f64) -> String {
    if value != value.trunc() || value < 1.0 {
        return format!("{value}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
