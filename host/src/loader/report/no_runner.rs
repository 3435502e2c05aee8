//! Explains why no runner takes a task, and what to do.

use std::path::Path;

use solti_model::{RunnerSelector, SelectorRequirement, TaskSpec};
use solti_plugin_abi::{Kinds, Workload};

use super::load::{LoadReport, LoadedPlugin};
use super::runner::OfferedRunner;
use crate::loader::skip::SkipReason;

impl LoadReport {
    /// Why none of these runners, which were loaded from `directory`, takes `spec`, and what to do: a
    /// sentence for people.
    #[must_use]
    pub fn why_no_runner(&self, spec: &TaskSpec, directory: &Path) -> String {
        let wanted = Wanted {
            kind: spec.kind().kind(),
            selector: spec.runner_selector(),
            is_in: &|kinds| kinds.contains_kind_of(spec.kind()),
        };
        explain(&wanted, self, directory)
    }

    /// As [`why_no_runner`](Self::why_no_runner), of a task of a kind of a plugin's own.
    #[must_use]
    pub fn why_no_runner_of_workload(&self, workload: &Workload, directory: &Path) -> String {
        let wanted = Wanted {
            kind: &workload.kind,
            selector: workload.runner_selector.as_ref(),
            // Who takes every kind of the model has not said that he takes this one.
            is_in: &|kinds| kinds.names().any(|kind| kind == workload.kind),
        };
        explain(&wanted, self, directory)
    }
}

/// What a task asks of its runner.
struct Wanted<'a> {
    kind: &'a str,
    selector: Option<&'a RunnerSelector>,
    /// Whether its kind is among these.
    is_in: &'a dyn Fn(&Kinds) -> bool,
}

fn explain(wanted: &Wanted<'_>, report: &LoadReport, directory: &Path) -> String {
    let kind = wanted.kind;
    let directory = directory.display();
    let runners: Vec<_> = report
        .loaded()
        .iter()
        .flat_map(|plugin| &plugin.runners)
        .collect();
    let left_out = left_out(report);
    if runners.is_empty() && left_out.is_empty() {
        return format!(
            "no runner for {kind} tasks: no plugin was loaded from {directory}; put one there that \
             takes them"
        );
    }
    if runners.is_empty() {
        return format!(
            "no runner for {kind} tasks: no plugin was loaded from {directory} ({})",
            left_out.join(", ")
        );
    }
    let of_kind: Vec<_> = runners
        .iter()
        .filter(|runner| (wanted.is_in)(&runner.kinds))
        .collect();
    if of_kind.is_empty() {
        let offered = runners
            .iter()
            .fold(Kinds::NONE, |all, runner| all.union(&runner.kinds));
        let offered: Vec<_> = offered.names().collect();
        let left_out = match &left_out[..] {
            [] => String::new(),
            left_out => format!(" (not loaded: {})", left_out.join(", ")),
        };
        return format!(
            "no runner for {kind} tasks: the plugins loaded from {directory} take {} tasks{left_out}",
            offered.join(", ")
        );
    }
    if let Some(selector) = wanted.selector
        && !of_kind
            .iter()
            .any(|runner| selector.matches(&runner.labels))
    {
        let labelled: Vec<_> = of_kind
            .iter()
            .map(|runner| with_its_labels(runner))
            .collect();
        return format!(
            "no runner matches the selector ({}): the runners for {kind} tasks are {}",
            requirements(selector).join(", "),
            labelled.join("; ")
        );
    }
    let mut plugins = report.loaded().iter();
    if let Some(retired) =
        plugins.find(|plugin| plugin.handle.is_retired() && takes_kind_of(plugin, wanted))
    {
        let why = if retired.handle.has_panicked_too_often() {
            format!("has panicked {}", times(retired.handle.panics()))
        } else {
            "was retired".to_owned()
        };
        return format!(
            "no runner for this task: plugin '{}' takes {kind} tasks, but it {why} and gets no more",
            retired.plugin
        );
    }
    let names: Vec<_> = of_kind.iter().map(|runner| runner.name.as_str()).collect();
    format!(
        "no runner for this task: {} takes {kind} tasks, but not this one",
        names.join(", ")
    )
}

fn times(count: u64) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} time{plural}")
}

/// What of the directory was not loaded and might take the task, each with why that is.
fn left_out(report: &LoadReport) -> Vec<String> {
    let skipped = |is: fn(&SkipReason) -> bool| {
        let files = report.skipped().iter().filter(|file| is(&file.reason));
        files.map(|file| file.file.as_str()).collect::<Vec<_>>()
    };
    let rejected = report.rejected().iter().map(|file| file.file.as_str());
    [
        (rejected.collect(), "rejected"),
        (
            skipped(|reason| matches!(reason, SkipReason::NotAllowed { .. })),
            "not named by --allow",
        ),
        (
            skipped(|reason| matches!(reason, SkipReason::Disabled { .. })),
            "disabled by its sidecar",
        ),
        (
            skipped(|reason| matches!(reason, SkipReason::Hidden | SkipReason::Temporary { .. })),
            "left alone for its name",
        ),
    ]
    .into_iter()
    .filter(|(files, _)| !files.is_empty())
    .map(|(files, why)| format!("{}: {why}", files.join(", ")))
    .collect()
}

fn takes_kind_of(plugin: &LoadedPlugin, wanted: &Wanted<'_>) -> bool {
    let mut kinds = plugin.runners.iter().map(|runner| &runner.kinds);
    kinds.any(wanted.is_in)
}

fn with_its_labels(runner: &OfferedRunner) -> String {
    if runner.labels.is_empty() {
        return format!("{} without labels", runner.name);
    }
    let labels: Vec<_> = runner
        .labels
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    format!("{} with {}", runner.name, labels.join(", "))
}

/// What a selector requires, as text.
fn requirements(selector: &RunnerSelector) -> Vec<String> {
    let labels = selector
        .match_labels
        .iter()
        .map(|(key, value)| format!("{key}={value}"));
    let expressions = selector.match_expressions.iter().map(requirement);
    labels.chain(expressions).collect()
}

fn requirement(requirement: &SelectorRequirement) -> String {
    let SelectorRequirement {
        key,
        operator,
        values,
    } = requirement;
    if values.is_empty() {
        format!("{key} {operator}")
    } else {
        format!("{key} {operator} [{}]", values.join(", "))
    }
}
