//! What a loaded plugin costs that has run nothing.

use std::path::Path;

use benches::loading::{files_of, open_all};
use benches::measure::{Comparison, interleave};
use benches::plugins;
use benches::process::{numbers_of_child, resident_kib, threads};
use benches::report::Row;
use solti_plugin_host::{PluginLoader, RunnerRouter};

use crate::{Group, Setup};

pub(super) const IDLE: Group = Group {
    cases: &["idle_plugin", "idle_plugin_memory"],
    run: idle,
};

const COUNT: usize = 20;

fn idle(setup: &Setup) -> Vec<Row> {
    let directory = plugins::directory_of(COUNT);
    let path = directory.path().to_str().expect("paths of ours are text");
    let rounds = interleave(
        setup.rounds(5),
        || numbers_of_child(&["idle-ours", path]),
        || numbers_of_child(&["idle-theirs", path]),
    );
    let row = |case, unit, at: usize, target, timed| {
        let comparison = Comparison::of(&rounds, |numbers| numbers[at]);
        Row::new(case, comparison, 1.0, unit, target, timed)
    };
    vec![
        row(
            "idle_plugin",
            "threads",
            0,
            Some(1.0),
            "threads added by 20 plugins: loaded, against dlopen",
        ),
        row(
            "idle_plugin_memory",
            "KiB/plugin",
            1,
            None,
            "resident memory added by a plugin: loaded, against dlopen",
        ),
    ]
}

#[expect(clippy::print_stdout, reason = "the parent reads it")]
fn print_added(load: impl FnOnce()) {
    let before = (threads(), resident_kib());
    load();
    let added = resident_kib().saturating_sub(before.1) as f64 / COUNT as f64;
    println!("{} {added}", threads() - before.0);
}

pub(super) fn child_ours(directory: &Path) {
    let mut router = RunnerRouter::new();
    print_added(|| {
        let report = PluginLoader::new().load_dir(directory, &mut router);
        let report = report.expect("the directory is there");
        assert!(report.rejected().is_empty(), "{report}");
    });
}

pub(super) fn child_theirs(directory: &Path) {
    let files = files_of(directory);
    print_added(|| open_all(&files));
}
