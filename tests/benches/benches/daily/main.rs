//! The program against what people use now: a pipe, `xargs`.
//!
//! `cargo bench --bench daily [-- [--quick] CASE…]`; both sides run in turn, in one run. The program is
//! a build as it is shipped.

#![expect(clippy::print_stdout, reason = "a bench talks to people")]

mod case;
mod cases;
mod program;

use benches::report;

use program::Program;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let quick = args.iter().any(|arg| arg == "--quick");
    let chosen: Vec<_> = args.iter().filter(|arg| !arg.starts_with("--")).collect();
    let program = Program::build();
    let scratch = tempfile::tempdir().expect("there is room for temporary files");
    let mut rows = Vec::new();
    for case in cases::all(&program, scratch.path(), quick) {
        if chosen.is_empty() || chosen.iter().any(|chosen| **chosen == case.name) {
            rows.extend(case.measure(if quick { 1 } else { case.rounds }));
        }
    }
    println!("{}", report::table(&rows));
    println!("{}", report::write_json_as("daily.json", &rows).display());
}
