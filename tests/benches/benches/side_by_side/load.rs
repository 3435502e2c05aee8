//! Loading many plugins, each side in a fresh process.

use std::path::Path;

use benches::loading::{dlopen_all, load_all};
use benches::measure::{Comparison, interleave};
use benches::plugins;
use benches::process::numbers_of_child;
use benches::report::Row;

use crate::{Group, Setup};

pub(super) const HUNDRED: Group = Group {
    cases: &["load_100", "load_100_trust", "load_100_staging"],
    run: hundred,
};

fn hundred(setup: &Setup) -> Vec<Row> {
    let count = if setup.quick { 10 } else { 100 };
    let directory = plugins::directory_of(count);
    let path = directory.path().to_str().expect("paths of ours are text");
    let number = count.to_string();
    let rounds = interleave(
        setup.rounds(15),
        || numbers_of_child(&["load-ours", path, &number]),
        || [numbers_of_child(&["load-theirs", path, &number])[0]; 3].to_vec(),
    );
    [
        (
            "load_100",
            Some(2.0),
            "load_dir but for safety, against dlopen + dlsym",
        ),
        (
            "load_100_trust",
            None,
            "who may write the file, reading it, SHA-256; against the same dlopen",
        ),
        (
            "load_100_staging",
            None,
            "seal a copy; against the same dlopen",
        ),
    ]
    .into_iter()
    .enumerate()
    .map(|(at, (case, target, timed))| {
        let comparison = Comparison::of(&rounds, |seconds| seconds[at]);
        Row::new(
            case,
            comparison,
            1e6 / count as f64,
            "us/plugin",
            target,
            timed,
        )
    })
    .collect()
}

#[expect(clippy::print_stdout, reason = "the parent reads it")]
pub(super) fn child_ours(directory: &Path, count: &str) {
    let times = load_all(directory, count.parse().expect("a number"));
    println!(
        "{} {} {}",
        times.without_safety(),
        times.trust,
        times.staging
    );
}

#[expect(clippy::print_stdout, reason = "the parent reads it")]
pub(super) fn child_theirs(directory: &Path, count: &str) {
    println!(
        "{}",
        dlopen_all(directory, count.parse().expect("a number"))
    );
}
