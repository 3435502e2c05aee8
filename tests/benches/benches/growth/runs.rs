//! What `run` takes: memory against tasks that wait, throughput against tasks that run at the same time.

use std::path::PathBuf;
use std::process::Command;

use benches::measure::median;
use benches::plot::{Curve, LIGHT, OURS, Plot, Points, THEIRS};
use benches::program::{Run, run, shell, specs_of_true};
use e2e::{PLUGIN_SUFFIX, Profile};
use tempfile::TempDir;

use crate::Setup;

/// An older program, and a directory with its plugins.
const OLD: [&str; 2] = ["OLD_HOST", "OLD_PLUGINS"];

/// Tasks that an older program is given at most: it took a tenth of a second for one.
const MOST_OF_OLD: usize = 300;

/// A program and its plugins.
struct Program {
    name: &'static str,
    colour: plotters::style::RGBColor,
    file: PathBuf,
    plugins: PathBuf,
    /// Tasks that it is given at most.
    most: usize,
}

impl Program {
    /// The program as it is now, built as it is shipped, with the subprocess plugin in `directory`.
    fn build(directory: &TempDir) -> Self {
        let packages = ["solti-host", "subprocess"];
        let built = e2e::build(&packages, Profile::Dist, &e2e::target_dir(), |_| {});
        let file = format!("subprocess.{PLUGIN_SUFFIX}");
        std::fs::copy(&built.plugins["subprocess"], directory.path().join(file))
            .expect("there is room for it");
        Self {
            name: "solti-host run",
            colour: OURS,
            file: built.programs["solti-host"].clone(),
            plugins: directory.path().to_owned(),
            most: usize::MAX,
        }
    }

    fn old() -> Option<Self> {
        let [file, plugins] = OLD.map(|name| std::env::var_os(name).map(PathBuf::from));
        Some(Self {
            name: "an older one",
            colour: LIGHT,
            file: file?,
            plugins: plugins?,
            most: MOST_OF_OLD,
        })
    }

    /// Runs `true` so many times, so many at the same time.
    fn run_true(&self, scratch: &TempDir, count: usize, jobs: usize) -> Run {
        let specs = specs_of_true(scratch.path(), count);
        let mut command = Command::new(&self.file);
        command
            .arg("run")
            .args(["--jobs", &jobs.to_string(), "--plugins"])
            .arg(&self.plugins)
            .arg(specs);
        run(&command)
    }

    fn curve(&self, points: Points) -> Curve {
        Curve {
            name: self.name,
            points,
            colour: self.colour,
        }
    }
}

/// The program, and the older one if there is one; with a place for files.
fn programs() -> (Vec<Program>, [TempDir; 2]) {
    let directories =
        [(); 2].map(|()| tempfile::tempdir().expect("there is room for temporary files"));
    let now = Program::build(&directories[0]);
    let programs = [Some(now), Program::old()].into_iter().flatten();
    (programs.collect(), directories)
}

fn median_of(rounds: usize, mut measure: impl FnMut() -> f64) -> f64 {
    median((0..rounds).map(|_| measure()).collect())
}

pub(super) fn draw_waiting(setup: &Setup) {
    const JOBS: usize = 8;
    let (programs, [_plugins, scratch]) = programs();
    let curves: Vec<Curve> = programs
        .iter()
        .map(|program| {
            let counts = setup.sizes(&[10, 100, 1000, 10_000, 100_000], 100);
            let counts = counts.into_iter().filter(|count| *count <= program.most);
            let memory = |count| {
                // It is the same in every run.
                (count as f64, program.run_true(&scratch, count, JOBS).memory)
            };
            program.curve(counts.map(memory).collect())
        })
        .collect();
    let plot = Plot {
        file: "waiting-memory",
        title: "Peak memory of `run --jobs 8` of `true`",
        x: "tasks in the file, of which eight run",
        y: "MB of the process",
        logarithmic: true,
    };
    setup.print(&plot.draw(&setup.directory, &curves));
}

pub(super) fn draw_running(setup: &Setup) {
    let (programs, [_plugins, scratch]) = programs();
    let jobs = setup.sizes(&[1, 2, 4, 8, 16, 32, 64, 128], 4);
    let count = setup.work(2000);
    let rate = |jobs: usize, count: usize, run: &dyn Fn() -> Run| {
        let rate = || count as f64 / run().wall;
        (jobs as f64, median_of(setup.rounds(3), rate))
    };
    let mut curves: Vec<Curve> = programs
        .iter()
        .map(|program| {
            let count = count.min(program.most);
            let point =
                |jobs: &usize| rate(*jobs, count, &|| program.run_true(&scratch, count, *jobs));
            program.curve(jobs.iter().map(point).collect())
        })
        .collect();
    let xargs = |jobs: &usize| {
        let script = format!("seq {count} | xargs -P{jobs} -n1 true");
        rate(*jobs, count, &|| run(&shell(&script)))
    };
    curves.push(Curve {
        name: "xargs",
        points: jobs.iter().map(xargs).collect(),
        colour: THEIRS,
    });
    let plot = Plot {
        file: "running-throughput",
        title: "`run` of `true`",
        x: "tasks that run at the same time (--jobs)",
        y: "tasks per second",
        logarithmic: true,
    };
    setup.print(&plot.draw(&setup.directory, &curves));
}
