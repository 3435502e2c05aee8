//! Pick cost against runners.

use std::hint::black_box;
use std::time::Instant;

use benches::plot::{Curve, OURS, Plot, THEIRS};
use benches::routers::{OurRouter, Roster, TheirRouter};
use benches::specs;

use crate::{Setup, medians};

pub(super) fn draw(setup: &Setup) {
    let mut curves = Vec::new();
    for (roster, our_name, their_name, shade) in [
        (Roster::Mixed, "plugins, by kind", "published, by kind", 0),
        (
            Roster::SameKind,
            "plugins, by label",
            "published, by label",
            0x60,
        ),
    ] {
        let (mut our_points, mut their_points) = (Vec::new(), Vec::new());
        for count in setup.sizes(&[1, 3, 10, 30, 100, 300, 1000, 3000, 10_000], 100) {
            let mut spec = specs::command("true", &[]);
            if roster == Roster::SameKind {
                spec = specs::selecting(spec, "number", &(count - 1).to_string());
            }
            let ours = OurRouter::new(roster, count);
            let theirs = TheirRouter::new(roster, count);
            let times = setup.work(2_000_000 / (count + 40));
            let (our, their) = medians(
                setup.rounds(9),
                || seconds(times, || ours.router.pick(black_box(&spec)).is_some()),
                || seconds(times, || theirs.router.pick(black_box(&spec)).is_some()),
            );
            our_points.push((count as f64, our * 1e9));
            their_points.push((count as f64, their * 1e9));
        }
        let lighter = |colour: plotters::style::RGBColor| {
            let channel = |value: u8| value.saturating_add(shade);
            plotters::style::RGBColor(channel(colour.0), channel(colour.1), channel(colour.2))
        };
        curves.push(Curve {
            name: our_name,
            points: our_points,
            colour: lighter(OURS),
        });
        curves.push(Curve {
            name: their_name,
            points: their_points,
            colour: lighter(THEIRS),
        });
    }
    let plot = Plot {
        file: "pick",
        title: "Finding the runner for a spec; only the last one fits",
        x: "registered runners",
        y: "ns per pick",
        logarithmic: true,
    };
    setup.print(&plot.draw(&setup.directory, &curves));
}

fn seconds(count: usize, mut pick: impl FnMut() -> bool) -> f64 {
    let began = Instant::now();
    for _ in 0..count {
        assert!(black_box(pick()), "a runner is found");
    }
    began.elapsed().as_secs_f64() / count as f64
}
