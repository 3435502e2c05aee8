//! How cost grows, both sides on one plot.
//!
//! `cargo bench --bench growth [-- [--quick] PLOT…]` measures and draws `docs/plots/*.svg`;
//! with `--quick` it draws into the target directory. The plots `waiting` and `running` draw an older
//! program as well, where `OLD_HOST` names it and `OLD_PLUGINS` a directory with its plugins.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench talks to people"
)]

mod load;
mod pick;
mod push;
mod queue;
mod runs;
mod tasks;

use std::fs;
use std::path::PathBuf;

use benches::measure::{interleave, median};
use benches::process::CHILD;

/// What is measured, and where the pictures go.
struct Setup {
    quick: bool,
    directory: PathBuf,
}

impl Setup {
    fn rounds(&self, full: usize) -> usize {
        if self.quick { 1 } else { full }
    }

    fn work(&self, full: usize) -> usize {
        if self.quick { full.div_ceil(50) } else { full }
    }

    /// The sizes up to `limit`.
    fn sizes(&self, sizes: &[usize], limit: usize) -> Vec<usize> {
        let limit = if self.quick { limit } else { usize::MAX };
        sizes
            .iter()
            .copied()
            .filter(|size| *size <= limit)
            .collect()
    }

    fn print(&self, path: &std::path::Path) {
        println!("drew {}", path.display());
    }
}

type Draw = fn(&Setup);

const PLOTS: &[(&str, Draw)] = &[
    ("push", push::draw),
    ("pick", pick::draw),
    ("load", load::draw),
    ("tasks", tasks::draw),
    ("waiting", runs::draw_waiting),
    ("running", runs::draw_running),
    ("queue", queue::draw),
];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|arg| arg == CHILD) {
        return child(&args[1..]);
    }
    let quick = args.iter().any(|arg| arg == "--quick");
    let directory = if quick {
        e2e::target_dir().join("plots")
    } else {
        e2e::workspace().join("docs/plots")
    };
    fs::create_dir_all(&directory).expect("the workspace can be written");
    let setup = Setup { quick, directory };
    let chosen = |name: &str| {
        let mut names = args.iter().filter(|arg| !arg.starts_with("--")).peekable();
        names.peek().is_none() || names.any(|chosen| chosen == name)
    };
    for (name, draw) in PLOTS {
        if chosen(name) {
            eprintln!("measuring {name}");
            draw(&setup);
        }
    }
}

/// The medians of both sides over some rounds.
fn medians(rounds: usize, ours: impl FnMut() -> f64, theirs: impl FnMut() -> f64) -> (f64, f64) {
    let rounds = interleave(rounds, ours, theirs);
    let of =
        |pick: fn(&benches::measure::Pair<f64>) -> f64| median(rounds.iter().map(pick).collect());
    (of(|round| round.ours), of(|round| round.theirs))
}

/// This program as a child of itself.
fn child(args: &[String]) {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["load-ours", directory, count] => load::child_ours(directory.as_ref(), count),
        ["load-theirs", directory, count] => load::child_theirs(directory.as_ref(), count),
        ["tasks-ours", directory, count] => tasks::child_ours(directory.as_ref(), count),
        ["tasks-theirs", count] => tasks::child_theirs(count),
        _ => panic!("no child does {args:?}"),
    }
}
