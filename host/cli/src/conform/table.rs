//! Every rule, in the order in which they are told.

use super::rule::Rule;
use super::rules::{file, leftovers, loading, metrics, output, panics, runs, stopping};

/// Every rule. Each has a section of its name in `docs/conformance.md`.
pub(crate) static RULES: &[Rule] = &[
    Rule::of(
        "file-size",
        "a host keeps each version of a plugin in memory until it ends",
        file::size,
    ),
    Rule::of(
        "needed-libraries",
        "what is linked dynamically is another file that must be there, in the right version",
        file::needed_libraries,
    ),
    Rule::of(
        "glibc",
        "a file that was linked on a newer system does not load on an older one",
        file::glibc,
    ),
    Rule::of(
        "exported-symbols",
        "another library may be bound to a symbol of this one by its name",
        file::exported_symbols,
    ),
    Rule::of(
        "run-path",
        "who can write to a directory on it has code run in the host",
        file::run_path,
    ),
    Rule::of(
        "static-tls",
        "a process has little room for such thread-locals, which all its libraries share",
        file::static_tls,
    ),
    Rule::run(
        loading::LOADS,
        "what a host refuses, or what ends a process that loads it, runs nothing",
        loading::loads,
    ),
    Rule::probe(
        "probe-leaves-nothing",
        "a probe tries a plugin that may never be loaded, on a machine that works",
        loading::probe_leaves_nothing,
    ),
    Rule::run(
        "no-threads-before-work",
        "a host may load a hundred plugins of which it uses three",
        loading::no_threads_before_work,
    ),
    Rule::run(
        "loads-twice",
        "one plugin may be there under two names, and a replaced one stays beside the new",
        loading::loads_twice,
    ),
    Rule::run(
        "run-ids-unique",
        "output, records and logs are told apart by the id of a run",
        runs::ids_are_unique,
    ),
    Rule::run(
        "attempts-numbered",
        "who reads the output of a task that was retried knows by the number what belongs together",
        runs::attempts_are_numbered,
    ),
    Rule::run(
        "hundred-at-once",
        "a host has no limit of its own on the tasks of a plugin",
        runs::a_hundred_at_once,
    ),
    Rule::run(
        "text-as-written",
        "what a task prints is what its reader gets, of any language and any length",
        output::text_passes,
    ),
    Rule::run(
        "pressure-respected",
        "output that nobody can take in time fills the memory of the host",
        output::pressure,
    ),
    Rule::run(
        "nothing-after-the-end",
        "an attempt whose end was told is stored, counted and shown: nothing may follow",
        output::nothing_after_the_end,
    ),
    Rule::run(
        "metrics-of-success",
        "operators see by the metrics of attempts whether tasks succeed",
        metrics::of_success,
    ),
    Rule::run(
        "metrics-of-failure",
        "an alert on failures counts them",
        metrics::of_failure,
    ),
    Rule::run(
        "metrics-of-cancel",
        "an attempt that was started and never ended looks as if it still ran",
        metrics::of_cancel,
    ),
    Rule::run(
        "metrics-of-timeout",
        "a time-out drops an attempt, and no code of it is left to say so",
        metrics::of_timeout,
    ),
    Rule::run(
        "no-panics",
        "a host may give a plugin no more tasks once it has panicked too often",
        panics::none_in_ordinary_work,
    ),
    Rule::run(
        "panics-contained",
        "a panic in one task must not end the host, nor the tasks beside it",
        panics::contained,
    ),
    Rule::run(
        "cancel-is-honoured",
        "a task that is cancelled holds its slot until its attempt has ended",
        stopping::cancel,
    ),
    Rule::run(
        "drop-is-honoured",
        "a time-out drops an attempt, and nothing of it may go on",
        stopping::dropped,
    ),
    Rule::run(
        "shutdown-in-time",
        "a host that is to end waits for a plugin no longer than it says",
        stopping::shutdown,
    ),
    Rule::run(
        "destructors-bounded",
        "a plugin whose destructors hang cannot be replaced, and holds up the end of a host",
        stopping::destructors,
    ),
    Rule::run(
        "idle-costs-nothing",
        "a host with many plugins has many that wait",
        leftovers::idle_costs_nothing,
    ),
    Rule::run(
        "no-descriptor-left",
        "a library is never unloaded: what it keeps open stays open until the host ends",
        leftovers::no_descriptor,
    ),
    Rule::run(
        "no-thread-left",
        "a thread of a plugin that was replaced runs on in the host",
        leftovers::no_thread,
    ),
    Rule::run(
        "no-child-left",
        "a process that a plugin forgets is nobody's, and goes on",
        leftovers::no_child,
    ),
];
