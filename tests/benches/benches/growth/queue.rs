//! Tasks that wait in a queue against how many of them are taken a second.

use benches::fleet::{Programs, Queue, Servers, Side};
use benches::plot::{Curve, OURS, Plot, THEIRS};

use crate::{Setup, medians};

pub(super) fn draw(setup: &Setup) {
    let programs = Programs::build();
    let rate = |side, count| 1.0 / Queue::run(&programs, Servers::One, (side, 1), count);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for count in setup.sizes(&[300, 1000, 3000, 10_000, 30_000], 300) {
        let (our, their) = medians(
            setup.rounds(3),
            || rate(Side::Host, count),
            || rate(Side::Bare, count),
        );
        ours.push((count as f64, our));
        theirs.push((count as f64, their));
    }
    let plot = Plot {
        file: "queue-throughput",
        title: "Tasks of a queue that start no process, taken by one host",
        x: "tasks that wait",
        y: "tasks per second",
        logarithmic: true,
    };
    let curves = [
        Curve {
            name: "a host with a plugin",
            points: ours,
            colour: OURS,
        },
        Curve {
            name: "a worker that stores the same and runs nothing",
            points: theirs,
            colour: THEIRS,
        },
    ];
    setup.print(&plot.draw(&setup.directory, &curves));
}
