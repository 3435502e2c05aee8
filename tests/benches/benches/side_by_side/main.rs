//! A runner in a plugin against the same runner linked in, side by side in one process.
//!
//! `cargo bench --bench side_by_side [-- [--quick] CASE…]`; the README of this package says what
//! each case times.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench talks to people"
)]

mod idle;
mod load;
mod pick;
mod push;
mod real_child;
mod streaming;
mod tap;
mod task;
mod workers;

use benches::process::CHILD;
use benches::report::{self, Row};

/// Cases that are measured together.
struct Group {
    cases: &'static [&'static str],
    run: fn(&Setup) -> Vec<Row>,
}

const GROUPS: &[Group] = &[
    real_child::SMALL_LINES,
    real_child::NOBODY,
    real_child::LONG_LINES,
    push::BOUNDARY,
    push::IN_PROCESS,
    tap::PUSHED,
    tap::REAL_CHILD,
    pick::MIXED,
    pick::SAME_KIND,
    task::TRUE,
    task::CONCURRENT,
    task::AT_ONCE,
    task::BUILD,
    workers::WORKERS,
    streaming::AGAINST_A_PROCESS,
    load::HUNDRED,
    idle::IDLE,
];

/// How much is measured.
struct Setup {
    quick: bool,
    /// The cases asked for; all when there are none.
    chosen: Vec<String>,
}

impl Setup {
    fn wants(&self, case: &str) -> bool {
        self.chosen.is_empty() || self.chosen.iter().any(|chosen| chosen == case)
    }

    /// Rounds of a case.
    fn rounds(&self, full: usize) -> usize {
        if self.quick { 2 } else { full }
    }

    /// Work of one round.
    fn work(&self, full: usize) -> usize {
        if self.quick { full / 50 } else { full }
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|arg| arg == CHILD) {
        return child(&args[1..]);
    }
    // What a host without `RUST_LOG` has: the log lines of tasks are filtered out by their level.
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::ERROR)
        .init();

    let quick = args.iter().any(|arg| arg == "--quick");
    // Cargo itself adds `--bench`.
    let chosen: Vec<String> = args
        .into_iter()
        .filter(|arg| !arg.starts_with("--"))
        .collect();
    let known: Vec<&str> = GROUPS
        .iter()
        .flat_map(|group| group.cases)
        .copied()
        .collect();
    if let Some(unknown) = chosen.iter().find(|case| !known.contains(&case.as_str())) {
        eprintln!("no case {unknown:?}; there are: {}", known.join(", "));
        std::process::exit(2);
    }

    let setup = Setup { quick, chosen };
    let mut rows = Vec::new();
    for group in GROUPS {
        if group.cases.iter().any(|case| setup.wants(case)) {
            eprintln!("measuring {}", group.cases.join(", "));
            rows.extend(
                (group.run)(&setup)
                    .into_iter()
                    .filter(|row| setup.wants(&row.case)),
            );
        }
    }
    println!("{}", report::table(&rows));
    println!("written to {}", report::write_json(&rows).display());
}

/// This program as a child of itself.
fn child(args: &[String]) {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["load-ours", directory, count] => load::child_ours(directory.as_ref(), count),
        ["load-theirs", directory, count] => load::child_theirs(directory.as_ref(), count),
        ["idle-ours", directory] => idle::child_ours(directory.as_ref()),
        ["idle-theirs", directory] => idle::child_theirs(directory.as_ref()),
        ["stream", socket] => streaming::child(socket.as_ref()),
        _ => panic!("no child does {args:?}"),
    }
}
