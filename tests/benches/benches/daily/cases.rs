//! What is measured, and what is to be reached.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use benches::program::shell;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::case::Case;
use super::program::Program;

/// Two processes that do nothing but take processor time, until the shell that began them ends them.
const BUSY: &str = "sh -c 'while :; do :; done' & a=$!; sh -c 'while :; do :; done' & b=$!; ";

/// What a case is made with.
struct Bench<'a> {
    program: &'a Program,
    scratch: &'a Path,
    quick: bool,
}

/// All cases.
pub(super) fn all<'a>(program: &'a Program, scratch: &'a Path, quick: bool) -> Vec<Case<'a>> {
    let bench = Bench {
        program,
        scratch,
        quick,
    };
    let mut cases = Vec::new();
    for (suffix, directory) in [("", &program.alone), ("_all_plugins", &program.all)] {
        cases.extend(bench.execs(suffix, directory));
        cases.extend(bench.many_tasks(suffix, directory));
    }
    cases.extend([
        bench.random_bytes(),
        bench.slow_reader(),
        bench.eight_children(),
        bench.standard_input(),
        bench.waiting(),
    ]);
    cases
}

impl<'a> Bench<'a> {
    fn scale(&self, full: usize) -> usize {
        if self.quick { full / 50 } else { full }
    }

    /// A script that runs the program.
    fn ours(&self, directory: &'a TempDir, script: String) -> Box<dyn Fn() -> Command + 'a> {
        let program = self.program;
        Box::new(move || program.script(directory, &script))
    }

    fn theirs(script: String) -> Option<Box<dyn Fn() -> Command + 'a>> {
        Some(Box::new(move || shell(&script)))
    }

    /// `count` specs in a file.
    fn specs(&self, name: &str, count: usize, arguments: &Value) -> PathBuf {
        let file = self.scratch.join(name);
        let spec = |number: usize| {
            let kind = json!({ "subprocess": { "mode": { "command": arguments } } });
            json!({ "slot": format!("t{number}"), "timeout": 600_000, "kind": kind }).to_string()
        };
        let specs: Vec<_> = (0..count).map(spec).collect();
        fs::write(&file, specs.join("\n")).expect("there is room for it");
        file
    }

    /// One command.
    fn execs(&self, suffix: &str, directory: &'a TempDir) -> [Case<'a>; 2] {
        let lines = self.scale(10_000_000);
        let seq = format!("exec HOST exec --plugins PLUGINS -- seq {lines}");
        let none = "exec HOST exec --plugins PLUGINS -- true".to_owned();
        [
            Case {
                theirs: Self::theirs(format!("seq {lines} | cat")),
                wall: Some(2.0),
                ..Case::new(&format!("exec_seq{suffix}"), self.ours(directory, seq), 5)
            },
            Case {
                memory: Some(20.0),
                ..Case::new(&format!("exec_true{suffix}"), self.ours(directory, none), 5)
            },
        ]
    }

    /// Many commands that do nothing.
    fn many_tasks(&self, suffix: &str, directory: &'a TempDir) -> [Case<'a>; 2] {
        let case = |name: &str, count, jobs, cpu, memory| {
            let count = self.scale(count);
            let specs = self.specs(
                &format!("{name}.json"),
                count,
                &json!({ "command": "true" }),
            );
            let run = format!(
                "exec HOST run --plugins PLUGINS --jobs {jobs} {}",
                specs.display()
            );
            Case {
                theirs: Self::theirs(format!("seq {count} | xargs -P{jobs} -n1 true")),
                wall: Some(1.5),
                cpu,
                memory,
                ..Case::new(&format!("{name}{suffix}"), self.ours(directory, run), 3)
            }
        };
        [
            case("run_true_jobs_8", 20_000, 8, Some(2.0), Some(64.0)),
            case("run_true_jobs_1", 20_000, 1, None, None),
        ]
    }

    /// A gigabyte of what is no text; the first run compares it with what comes out.
    fn random_bytes(&self) -> Case<'a> {
        let random = self.scratch.join("random");
        let (size, file) = (self.scale(1_000_000_000), random.display());
        must(&format!("head -c {size} /dev/urandom > {file}"));
        let exec = format!("HOST exec --plugins PLUGINS -- cat {file}");
        let compared = format!("{exec} | cmp - {file}");
        let compared = self.program.script(&self.program.alone, &compared).status();
        assert!(compared.is_ok_and(|it| it.success()), "bytes were changed");
        Case {
            theirs: Self::theirs(format!("cat {file} | cat")),
            wall: Some(2.0),
            ..Case::new(
                "exec_cat_1gb",
                self.ours(&self.program.alone, format!("exec {exec}")),
                5,
            )
        }
    }

    /// A reader that sleeps first, on a busy machine. A lost line is an error of the script.
    fn slow_reader(&self) -> Case<'a> {
        let lines = self.scale(10_000_000);
        let read = |writer: &str| {
            let reader = "(sleep 3; wc -l)";
            let end = "kill $a $b; wait $a $b 2>/dev/null";
            format!("{BUSY} n=$({writer} | {reader}); {end}; test $n -eq {lines}")
        };
        let ours = read(&format!("HOST exec --plugins PLUGINS -- seq {lines}"));
        Case {
            theirs: Self::theirs(read(&format!("seq {lines}"))),
            ..Case::new(
                "exec_seq_reader_asleep",
                self.ours(&self.program.alone, ours),
                3,
            )
        }
    }

    /// Eight children that write at once, to one reader that sleeps first.
    fn eight_children(&self) -> Case<'a> {
        let each = self.scale(1_000_000);
        let arguments = json!({ "command": "seq", "args": [each.to_string()] });
        let specs = self.specs("eight.json", 8, &arguments);
        let run = format!("HOST run --plugins PLUGINS {}", specs.display());
        let ours = format!("n=$({run} | (sleep 3; wc -l)); test $n -eq {}", 8 * each);
        Case {
            memory: Some(64.0),
            ..Case::new(
                "run_eight_children",
                self.ours(&self.program.alone, ours),
                3,
            )
        }
    }

    /// Specs that come through a standard input which stays open until all of them are over, against a
    /// file of the same.
    fn standard_input(&self) -> Case<'a> {
        let count = self.scale(20_000);
        let specs = self.specs("input.json", count, &json!({ "command": "true" }));
        let (specs, hold) = (specs.display(), self.scratch.join("hold"));
        let hold = hold.display();
        must(&format!("mkfifo {hold}"));
        let done = format!(
            "awk '/runFinished/ {{ n++; if (n == {count}) {{ print > \"{hold}\"; close(\"{hold}\") }} }} \
             END {{ exit n != {count} }}'"
        );
        let run = "HOST run --plugins PLUGINS --jobs 8 --json";
        let ours = format!("(cat {specs}; cat {hold} > /dev/null) | {run} - | {done}");
        let program = self.program;
        let theirs =
            format!("{run} {specs} | awk '/runFinished/ {{ n++ }} END {{ exit n != {count} }}'");
        Case {
            theirs: Some(Box::new(move || program.script(&program.alone, &theirs))),
            wall: Some(1.2),
            memory: Some(100.0),
            ..Case::new("run_true_stdin", self.ours(&self.program.alone, ours), 3)
        }
    }

    /// Many tasks that wait.
    fn waiting(&self) -> Case<'a> {
        let count = self.scale(200_000);
        let specs = self.specs("waiting.json", count, &json!({ "command": "true" }));
        let run = format!(
            "exec HOST run --plugins PLUGINS --jobs 8 {}",
            specs.display()
        );
        Case {
            memory: Some(300.0),
            ..Case::new("run_true_200000", self.ours(&self.program.alone, run), 1)
        }
    }
}

/// Runs a script that prepares a case.
fn must(script: &str) {
    let status = shell(script).status();
    assert!(status.is_ok_and(|status| status.success()), "{script}");
}
