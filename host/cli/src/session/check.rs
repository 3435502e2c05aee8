//! What would become of specs, without running any.

use serde_json::{Value, json};
use solti_plugin_host::text::one_line;

use super::host::Host;
use super::plan::Plan;
use crate::exit::Exit;
use crate::present::message;
use crate::present::phrase::counted;
use crate::present::style::Colours;
use crate::present::tables::{self, Stream, Table};
use crate::shutdown;
use solti_plugin_host::specs::PlacedSpec;
use solti_plugin_host::supervise::Submission;

/// A spec, and the runner that would take it, or why none would.
struct Routed {
    spec: PlacedSpec,
    to: Result<String, String>,
}

/// Loads the plugins, finds the runner of each spec, and says how the program ends.
///
/// # Errors
///
/// When the plugin directory cannot be read or is not trusted, or standard output cannot be written.
pub(crate) fn check(mut plan: Plan<'_>) -> anyhow::Result<Exit> {
    let (host, router) = Host::load(&plan)?;
    let mut tasks = std::mem::take(&mut plan.tasks);
    if let Some(mut arriving) = plan.arriving.take() {
        while let Some(spec) = arriving.blocking_recv() {
            match spec {
                Ok(task) => tasks.push(task),
                Err(err) => {
                    message::error(err.to_string());
                    plan.problems.push(err.to_string());
                }
            }
        }
    }
    let route = |spec: PlacedSpec| {
        let to = match spec.spec.pick(&router) {
            Some(runner) => Ok(runner.name().to_owned()),
            None => Err(host.why_no_runner(&Submission::from(spec.spec.clone()))),
        };
        Routed { spec, to }
    };
    let routed: Vec<_> = tasks.into_iter().map(route).collect();
    let without = routed.iter().filter(|routed| routed.to.is_err()).count();
    drop(router);
    if plan.session.json {
        let text = as_json(&routed, &plan.problems, &host).to_string();
        tables::print(&text)?;
    } else {
        if !plan.session.quiet || without > 0 || !plan.problems.is_empty() {
            tables::print(&as_text(&routed, without, plan.problems.len()))?;
        }
        for Routed { spec, to } in &routed {
            if let Err(reason) = to {
                message::error(format_args!("{}: {reason}", spec.place));
            }
        }
    }
    shutdown::wait_for_destructors(host.report(), plan.session.grace.into());
    Ok(Exit::of_check(
        routed.len() - without,
        without,
        plan.problems.len(),
    ))
}

fn as_text(routed: &[Routed], without: usize, unreadable: usize) -> String {
    let mut parts = Vec::new();
    if !routed.is_empty() {
        parts.push(table(routed).to_string());
    }
    let good = (routed.len() - without) as u64;
    let mut tally = format!(
        "{}: {good} good",
        counted((routed.len() + unreadable) as u64, "spec")
    );
    for (count, what) in [
        (without, "without a runner"),
        (unreadable, "could not be read"),
    ] {
        if count > 0 {
            tally += &format!(", {count} {what}");
        }
    }
    parts.push(tally);
    parts.join("\n")
}

fn table(routed: &[Routed]) -> Table {
    let colour = Colours::detect().stdout;
    let names = &["spec", "slot", "kind", "runner"];
    let mut table = Table::new(colour, Stream::Stdout, names);
    for Routed { spec, to } in routed {
        let runner = to.as_deref().unwrap_or("none");
        let cells = [
            spec.place.as_str(),
            spec.spec.slot().as_str(),
            spec.spec.kind(),
            runner,
        ];
        table.add_row(cells.map(|cell| one_line(cell).into_owned()));
    }
    table
}

fn as_json(routed: &[Routed], problems: &[String], host: &Host<'_>) -> Value {
    let specs = routed.iter().map(|Routed { spec, to }| {
        json!({
            "spec": spec.place,
            "slot": spec.spec.slot().as_str(),
            "kind": spec.spec.kind(),
            "runner": to.as_ref().ok(),
            "reason": to.as_ref().err(),
        })
    });
    json!({
        "type": "check",
        "specs": specs.collect::<Vec<_>>(),
        "problems": problems,
        "warnings": message::warnings(),
        "plugins": { "rejected": host.report().rejected() },
    })
}
