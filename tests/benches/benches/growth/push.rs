//! Push cost against subscribers.

use benches::ours::Ours;
use benches::plot::{Curve, OURS, Plot, THEIRS};
use benches::plugins;
use benches::pushing::push;
use benches::side::host_runtime;
use benches::theirs::Theirs;

use crate::{Setup, medians};

const CAPACITY: usize = 1024;
const BYTES: usize = 64;

pub(super) fn draw(setup: &Setup) {
    let directory = plugins::directory_with("pusher");
    let ours = Ours::load(directory.path(), CAPACITY);
    let theirs = Theirs::pusher(CAPACITY);
    let runtime = host_runtime();
    let count = setup.work(300_000);
    let per_line = 1e9 / count as f64;
    let (mut our_points, mut their_points) = (Vec::new(), Vec::new());
    for subscribers in setup.sizes(&[0, 1, 2, 4, 8, 16, 32, 64], 4) {
        let (our, their) = medians(
            setup.rounds(9),
            || push(&runtime, &ours, "push-slices", &[count, BYTES], subscribers),
            || push(&runtime, &theirs, "push", &[count, BYTES], subscribers),
        );
        our_points.push((subscribers as f64, our * per_line));
        their_points.push((subscribers as f64, their * per_line));
    }
    let plot = Plot {
        file: "push",
        title: "One line of 64 bytes into a sink",
        x: "idle subscribers",
        y: "ns per line",
        logarithmic: false,
    };
    setup.print(&plot.draw(
        &setup.directory,
        &[
            Curve {
                name: "from inside a plugin",
                points: our_points,
                colour: OURS,
            },
            Curve {
                name: "published stack, linked in",
                points: their_points,
                colour: THEIRS,
            },
        ],
    ));
}
