//! Finding the runner for a spec among a thousand.

use std::hint::black_box;
use std::time::Instant;

use benches::measure::{Comparison, interleave};
use benches::report::Row;
use benches::routers::{OurRouter, Roster, TheirRouter};
use benches::specs;
use solti_model::TaskSpec;

use crate::{Group, Setup};

pub(super) const MIXED: Group = Group {
    cases: &["pick_1000_mixed"],
    run: mixed,
};

pub(super) const SAME_KIND: Group = Group {
    cases: &["pick_1000_same_kind_labels"],
    run: same_kind,
};

const RUNNERS: usize = 1000;

fn mixed(setup: &Setup) -> Vec<Row> {
    let comparison = compare(setup, Roster::Mixed, &specs::command("true", &[]));
    vec![Row::new(
        "pick_1000_mixed",
        comparison,
        1e9,
        "ns/pick",
        Some(0.05),
        "RunnerRouter::pick; only the last runner has the kind",
    )]
}

fn same_kind(setup: &Setup) -> Vec<Row> {
    let spec = specs::selecting(
        specs::command("true", &[]),
        "number",
        &(RUNNERS - 1).to_string(),
    );
    let comparison = compare(setup, Roster::SameKind, &spec);
    vec![Row::new(
        "pick_1000_same_kind_labels",
        comparison,
        1e9,
        "ns/pick",
        Some(1.0),
        "RunnerRouter::pick; only the last runner has the label",
    )]
}

fn compare(setup: &Setup, roster: Roster, spec: &TaskSpec) -> Comparison {
    let ours = OurRouter::new(roster, RUNNERS);
    let theirs = TheirRouter::new(roster, RUNNERS);
    // The last one and no other: what is measured is a search to the end.
    assert!(ours.picks_the_last(spec), "another runner of ours fits");
    assert!(theirs.picks_the_last(spec), "another runner of theirs fits");
    let rounds = interleave(
        setup.rounds(21),
        || {
            seconds(setup.work(100_000), || {
                ours.router.pick(black_box(spec)).is_some()
            })
        },
        || {
            seconds(setup.work(2_000), || {
                theirs.router.pick(black_box(spec)).is_some()
            })
        },
    );
    Comparison::of(&rounds, |seconds| *seconds)
}

/// Seconds of one call.
fn seconds(count: usize, mut pick: impl FnMut() -> bool) -> f64 {
    let began = Instant::now();
    for _ in 0..count {
        assert!(black_box(pick()), "a runner is found");
    }
    began.elapsed().as_secs_f64() / count as f64
}
