//! The program against what people use now: a pipe, `xargs`.
//!
//! `cargo bench --bench daily [-- [--quick] CASE…]`; both sides run in turn, in one run. The program is
//! a build as it is shipped.

#![expect(clippy::print_stdout, reason = "a bench talks to people")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use benches::measure::{Comparison, Pair, interleave};
use benches::program::{Run, run, shell, specs_of_true};
use benches::report::{self, Row};
use e2e::{PLUGIN_SUFFIX, Profile};
use tempfile::TempDir;

/// The program, and a directory with the subprocess plugin alone and one with all four.
struct Program {
    file: PathBuf,
    alone: TempDir,
    all: TempDir,
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let quick = args.iter().any(|arg| arg == "--quick");
    let chosen: Vec<_> = args.iter().filter(|arg| !arg.starts_with("--")).collect();
    let program = Program::build();
    let scratch = tempfile::tempdir().expect("there is room for temporary files");
    let mut rows = Vec::new();
    for case in cases(&program, scratch.path(), quick) {
        if chosen.is_empty() || chosen.iter().any(|chosen| **chosen == case.name) {
            rows.extend(case.measure(if quick { 1 } else { case.rounds }));
        }
    }
    println!("{}", report::table(&rows));
    println!("{}", report::write_json_as("daily.json", &rows).display());
}

impl Program {
    fn build() -> Self {
        let packages = ["container", "hello", "solti-host", "subprocess", "wasm"];
        let built = e2e::build(&packages, Profile::Dist, &e2e::target_dir(), |_| {});
        let directory_of = |packages: &[&str]| {
            let directory = tempfile::tempdir().expect("there is room for temporary files");
            for package in packages {
                let file = directory.path().join(format!("{package}.{PLUGIN_SUFFIX}"));
                fs::copy(&built.plugins[*package], file).expect("there is room for it");
            }
            directory
        };
        Self {
            file: built.programs["solti-host"].clone(),
            alone: directory_of(&["subprocess"]),
            all: directory_of(&["container", "hello", "subprocess", "wasm"]),
        }
    }

    fn command(&self, directory: &TempDir, words: &str) -> Command {
        shell(&format!(
            "exec {} {}",
            self.file.display(),
            words.replace("PLUGINS", &directory.path().display().to_string())
        ))
    }
}

/// A case: what the program does, and what it is measured against, if there is such a thing.
struct Case<'a> {
    name: String,
    ours: Box<dyn Fn() -> Command + 'a>,
    theirs: Option<Box<dyn Fn() -> Command + 'a>>,
    rounds: usize,
    wall: Option<f64>,
    cpu: Option<f64>,
    /// In MB.
    memory: Option<f64>,
}

impl Case<'_> {
    fn measure(&self, rounds: usize) -> Vec<Row> {
        let theirs = || {
            self.theirs
                .as_ref()
                .map_or(NOTHING, |theirs| run(&theirs()))
        };
        let rounds = interleave(rounds, || run(&(self.ours)()), theirs);
        let mut rows = Vec::new();
        let mut row = |what: &str, unit, target, timed, number: fn(&Run) -> f64| {
            let comparison = Comparison::of(&rounds, number);
            let case = format!("{}{what}", self.name);
            rows.push(Row::new(&case, comparison, 1.0, unit, target, timed));
        };
        if self.theirs.is_some() {
            row("", "s", self.wall, "wall", |run| run.wall);
            row(
                "_cpu",
                "s",
                self.cpu,
                "user + system time, children included",
                |run| run.cpu,
            );
        }
        if let Some(limit) = self.memory {
            let against: Vec<_> = rounds
                .iter()
                .map(|round| Pair {
                    ours: round.ours.memory,
                    theirs: limit,
                })
                .collect();
            let comparison = Comparison::of(&against, |number| *number);
            let case = format!("{}_memory", self.name);
            rows.push(Row::new(
                &case,
                comparison,
                1.0,
                "MB",
                Some(1.0),
                "peak; theirs is the limit",
            ));
        }
        rows
    }
}

/// What a case is measured against that has nothing to be measured against.
const NOTHING: Run = Run {
    wall: 1.0,
    cpu: 1.0,
    memory: 1.0,
};

fn cases<'a>(program: &'a Program, scratch: &Path, quick: bool) -> Vec<Case<'a>> {
    let scale = |full: usize| if quick { full / 50 } else { full };
    let mut cases = Vec::new();
    for (suffix, directory) in [("", &program.alone), ("_all_plugins", &program.all)] {
        let exec = move |words: String| -> Box<dyn Fn() -> Command + 'a> {
            Box::new(move || {
                program.command(directory, &format!("exec --plugins PLUGINS -- {words}"))
            })
        };
        let lines = scale(10_000_000);
        cases.push(Case {
            name: format!("exec_seq{suffix}"),
            ours: exec(format!("seq {lines}")),
            theirs: Some(Box::new(move || shell(&format!("seq {lines} | cat")))),
            rounds: 5,
            wall: Some(2.0),
            cpu: None,
            memory: None,
        });
        cases.push(Case {
            name: format!("exec_true{suffix}"),
            ours: exec("true".to_owned()),
            theirs: None,
            rounds: 5,
            wall: None,
            cpu: None,
            memory: Some(20.0),
        });
    }
    let random = scratch.join("random");
    let status = shell(&format!(
        "head -c {} /dev/urandom > {}",
        scale(1_000_000_000),
        random.display()
    ));
    assert!({ status }.status().is_ok_and(|status| status.success()));
    let file = random.display().to_string();
    let theirs = format!("cat {file} | cat");
    cases.push(Case {
        name: "exec_cat_1gb".to_owned(),
        ours: Box::new(move || {
            program.command(
                &program.alone,
                &format!("exec --plugins PLUGINS -- cat {file}"),
            )
        }),
        theirs: Some(Box::new(move || shell(&theirs))),
        rounds: 5,
        wall: Some(2.0),
        cpu: None,
        memory: None,
    });
    for (name, count, jobs, cpu, memory) in [
        ("run_true_jobs_8", 20_000, 8, Some(2.0), Some(64.0)),
        ("run_true_jobs_1", 1_000, 1, None, None),
    ] {
        let count = scale(count);
        let specs = specs_of_true(scratch, count);
        let words = format!("run --plugins PLUGINS --jobs {jobs} {}", specs.display());
        cases.push(Case {
            name: name.to_owned(),
            ours: Box::new(move || program.command(&program.alone, &words)),
            theirs: Some(Box::new(move || {
                shell(&format!("seq {count} | xargs -P{jobs} -n1 true"))
            })),
            rounds: 3,
            wall: Some(1.5),
            cpu,
            memory,
        });
    }
    cases
}
