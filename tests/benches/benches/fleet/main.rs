//! Hosts that share a queue, against workers that store the same and run nothing, and against one host's API.
//!
//! `cargo bench --bench fleet [-- [--quick] CASE…]`; both sides run in turn, in one run, each time with a server
//! of their own. `cargo bench --bench fleet -- --minutes 10` has two hosts take tasks for so long, and fails when
//! something of them has grown.

#![expect(clippy::print_stdout, reason = "a bench talks to people")]

mod api;
mod size;
mod soak;

use benches::fleet::{Programs, Queue, Servers, Side};
use benches::measure::{Comparison, interleave};
use benches::report::{self, Row};

/// What is measured, and how much of it.
struct Bench {
    programs: Programs,
    tasks: usize,
    rounds: usize,
}

/// A case makes a row.
type Measure = fn(&Bench) -> Row;

const ALL: &[(&str, Measure)] = &[
    ("one_host", |bench| bench.hosts("one_host", Servers::One, 1)),
    ("two_hosts", |bench| {
        bench.hosts("two_hosts", Servers::One, 2)
    }),
    ("three_hosts", |bench| {
        bench.hosts("three_hosts", Servers::One, 3)
    }),
    ("three_servers", |bench| {
        bench.hosts("three_servers", Servers::Three, 1)
    }),
    ("queue_and_api", api::queue_and_api),
];

impl Bench {
    fn hosts(&self, case: &str, servers: Servers, hosts: usize) -> Row {
        let run = |side| Queue::run(&self.programs, servers, (side, hosts), self.tasks);
        let rounds = interleave(self.rounds, || run(Side::Host), || run(Side::Bare));
        Row::new(
            case,
            Comparison::of(&rounds, |seconds| *seconds),
            1e6,
            "us",
            Some(2.0),
            "a task of a queue, from the first end to the last; theirs stores the same and runs nothing",
        )
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let quick = args.iter().any(|arg| arg == "--quick");
    let minutes = args.iter().skip_while(|arg| *arg != "--minutes").nth(1);
    let chosen: Vec<_> = args.iter().filter(|arg| !arg.starts_with("--")).collect();
    let bench = Bench {
        programs: Programs::build(),
        tasks: if quick { 200 } else { 10_000 },
        rounds: if quick { 1 } else { 5 },
    };
    if let Some(minutes) = minutes {
        let problems = soak::soak(&bench, minutes.parse().expect("minutes are a number"));
        assert!(problems.is_empty(), "{problems:?}");
        println!("nothing has grown");
        return;
    }
    let mut rows = Vec::new();
    for (name, measure) in ALL {
        if chosen.is_empty() || chosen.iter().any(|chosen| chosen == name) {
            rows.push(measure(&bench));
            println!("{}", report::table(&rows));
        }
    }
    size::print(&bench);
    println!("{}", report::write_json_as("fleet.json", &rows).display());
}
