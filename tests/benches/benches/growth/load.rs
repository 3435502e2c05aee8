//! Load time against plugins.

use std::path::Path;

use benches::loading::{dlopen_all, load_all};
use benches::measure::{Pair, interleave, median};
use benches::plot::{Curve, LIGHT, OURS, Plot, THEIRS};
use benches::plugins;
use benches::process::numbers_of_child;

use crate::Setup;

pub(super) fn draw(setup: &Setup) {
    let (mut whole_points, mut our_points, mut their_points) = (vec![], vec![], vec![]);
    for count in setup.sizes(&[1, 10, 30, 100, 200, 300], 10) {
        let directory = plugins::directory_of(count);
        let path = directory.path().to_str().expect("paths of ours are text");
        let number = count.to_string();
        let rounds = interleave(
            setup.rounds(9),
            || numbers_of_child(&["load-ours", path, &number]),
            || numbers_of_child(&["load-theirs", path, &number]),
        );
        let millis = |pick: &dyn Fn(&Pair<Vec<f64>>) -> f64| {
            (
                count as f64,
                median(rounds.iter().map(pick).collect()) * 1e3,
            )
        };
        whole_points.push(millis(&|round| round.ours[0]));
        our_points.push(millis(&|round| round.ours[1]));
        their_points.push(millis(&|round| round.theirs[0]));
    }
    let plot = Plot {
        file: "load",
        title: "Loading distinct plugins of about 1 MB",
        x: "plugins",
        y: "ms for all",
        logarithmic: false,
    };
    setup.print(&plot.draw(
        &setup.directory,
        &[
            Curve {
                name: "load_dir",
                points: whole_points,
                colour: LIGHT,
            },
            Curve {
                name: "load_dir without its safety stages",
                points: our_points,
                colour: OURS,
            },
            Curve {
                name: "plain dlopen + dlsym",
                points: their_points,
                colour: THEIRS,
            },
        ],
    ));
}

#[expect(clippy::print_stdout, reason = "the parent reads it")]
pub(super) fn child_ours(directory: &Path, count: &str) {
    let times = load_all(directory, count.parse().expect("a number"));
    println!("{} {}", times.whole, times.without_safety());
}

#[expect(clippy::print_stdout, reason = "the parent reads it")]
pub(super) fn child_theirs(directory: &Path, count: &str) {
    println!(
        "{}",
        dlopen_all(directory, count.parse().expect("a number"))
    );
}
