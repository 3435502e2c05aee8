//! The service against the published line as an agent, and against the program's own `run`.
//!
//! `cargo bench --bench serve [-- [--quick] CASE…]`; where there are two sides they run in turn, in one run.
//! What is compared with a limit has the limit as its other side.

#![expect(clippy::print_stdout, reason = "a bench talks to people")]

mod agent;
mod cases;
mod changes;
mod load;
mod output;
mod survival;

use benches::report;

use agent::Programs;
use cases::Bench;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let quick = args.iter().any(|arg| arg == "--quick");
    let chosen: Vec<_> = args.iter().filter(|arg| !arg.starts_with("--")).collect();
    let programs = Programs::build();
    let bench = Bench::new(&programs, quick);
    let mut rows = Vec::new();
    for (name, measure) in cases::ALL {
        if chosen.is_empty() || chosen.iter().any(|chosen| chosen == name) {
            let measured = measure(&bench);
            println!("{}", report::table(&measured));
            rows.extend(measured);
        }
    }
    println!("{}", report::table(&rows));
    println!("{}", report::write_json_as("serve.json", &rows).display());
}
