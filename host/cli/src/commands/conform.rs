//! `solti-host conform`: whether a plugin keeps what a plugin promises a host.

use anstyle::AnsiColor;
use anyhow::{Context as _, bail};
use serde_json::{Map, Value, json};
use solti_plugin_host::specs;
use solti_plugin_host::text::one_line;

use super::check::of_specs;
use crate::args::{ConfigField, ConformArgs};
use crate::conform::{Outcome, RULES, Rule, Suite, Verdict};
use crate::exit::Exit;
use crate::present::message;
use crate::present::phrase::{counted, duration, path};
use crate::present::style::Colours;
use crate::present::tables::{self, Cell, Stream, Table};

/// Tries the rules, prints what came of them, and says how the program ends.
///
/// # Errors
///
/// When nothing could be tried: there is no such rule, or the file or its tasks cannot be used.
pub(super) fn conform(args: &ConformArgs) -> anyhow::Result<Exit> {
    let rules = rules(args)?;
    let Some(file) = args.file.as_deref().filter(|_| !args.list) else {
        tables::print(&list(&rules, args.json)?)?;
        return Ok(Exit::Success);
    };
    if specs::are_in(file) {
        message::error(of_specs(file));
        return Ok(Exit::NoResult);
    }
    let suite = Suite {
        file,
        rules,
        tasks: args.tasks.as_deref(),
        config: config(&args.config),
        workers: args.workers,
        glibc: args.glibc,
        time: args.time.into(),
    };
    let outcomes = suite.run().with_context(|| path(file))?;
    let tally = Tally::of(&outcomes, args);
    let text = if args.json {
        serde_json::to_string_pretty(&as_json(args, &outcomes, &tally))?
    } else {
        as_text(&path(file), &outcomes, &tally)
    };
    tables::print(&text)?;
    Ok(Exit::of_rules(tally.counted_as_broken(args.strict)))
}

/// The rules that are asked for.
fn rules(args: &ConformArgs) -> anyhow::Result<Vec<&'static Rule>> {
    for name in args.rule.iter().chain(&args.skip) {
        if !RULES.iter().any(|rule| rule.name == *name) {
            bail!("no rule is named '{name}': `solti-host conform --list` prints them");
        }
    }
    let rules = RULES.iter().filter(|rule| {
        let is_named = |names: &[String]| names.iter().any(|name| name == rule.name);
        (args.rule.is_empty() || is_named(&args.rule)) && !is_named(&args.skip)
    });
    let rules: Vec<_> = rules.collect();
    if rules.is_empty() {
        bail!("every rule that --rule names is left out by --skip");
    }
    Ok(rules)
}

/// The configuration of each plugin that is named.
fn config(fields: &[ConfigField]) -> Map<String, Value> {
    let mut config = Map::new();
    for ConfigField {
        plugin,
        field,
        value,
    } in fields
    {
        let fields = config.entry(plugin).or_insert_with(|| json!({}));
        fields[field] = value.clone();
    }
    config
}

/// How many rules came to what.
struct Tally {
    passed: usize,
    failed: usize,
    not_applicable: usize,
    skipped: usize,
}

impl Tally {
    fn of(outcomes: &[Outcome], args: &ConformArgs) -> Self {
        let count = |is: fn(&Verdict) -> bool| {
            let of = outcomes.iter().filter(|outcome| is(&outcome.verdict));
            of.count()
        };
        let skipped = RULES
            .iter()
            .filter(|rule| args.skip.iter().any(|name| name == rule.name));
        Self {
            passed: count(|it| matches!(it, Verdict::Passed)),
            failed: count(|it| matches!(it, Verdict::Failed { .. })),
            not_applicable: count(|it| matches!(it, Verdict::NotApplicable { .. })),
            skipped: skipped.count(),
        }
    }

    fn counted_as_broken(&self, strict: bool) -> usize {
        self.failed + if strict { self.not_applicable } else { 0 }
    }
}

fn list(rules: &[&'static Rule], as_json: bool) -> anyhow::Result<String> {
    if as_json {
        let rules: Vec<_> = rules
            .iter()
            .map(|rule| json!({ "rule": rule.name, "reason": rule.reason, "page": rule.page() }))
            .collect();
        return Ok(serde_json::to_string_pretty(&rules)?);
    }
    let colour = Colours::detect().stdout;
    let mut table = Table::new(colour, Stream::Stdout, &["rule", "why"]);
    for rule in rules {
        table.add_row([rule.name, rule.reason]);
    }
    Ok(table.to_string())
}

fn as_json(args: &ConformArgs, outcomes: &[Outcome], tally: &Tally) -> Value {
    let rules: Vec<_> = outcomes
        .iter()
        .map(
            |Outcome {
                 rule,
                 verdict,
                 took,
             }| {
                let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
                let mut object = json!({ "rule": rule.name, "page": rule.page(), "ms": ms });
                if let Ok(Value::Object(fields)) = serde_json::to_value(verdict) {
                    for (name, value) in fields {
                        object[name] = value;
                    }
                }
                object
            },
        )
        .collect();
    json!({
        "file": args.file,
        "conforms": tally.counted_as_broken(args.strict) == 0,
        "rules": rules,
        "passed": tally.passed,
        "failed": tally.failed,
        "notApplicable": tally.not_applicable,
        "skipped": tally.skipped,
    })
}

fn as_text(file: &str, outcomes: &[Outcome], tally: &Tally) -> String {
    let colour = Colours::detect().stdout;
    let mut table =
        Table::new(colour, Stream::Stdout, &["rule", "verdict", "took", "why"]).with_numbers([2]);
    for Outcome {
        rule,
        verdict,
        took,
    } in outcomes
    {
        let (told, why) = match verdict {
            Verdict::Passed => (Cell::from("passed"), String::new()),
            Verdict::Failed { fact, advice } => (
                Cell::coloured("failed", AnsiColor::Red),
                format!("{fact}; {advice} ({})", rule.page()),
            ),
            Verdict::NotApplicable { why } => (
                Cell::coloured("not applicable", AnsiColor::Yellow),
                why.clone(),
            ),
        };
        let why = one_line(&why).into_owned();
        table.add_row([rule.name.into(), told, duration(*took).into(), why.into()]);
    }
    let Tally {
        passed,
        failed,
        not_applicable,
        skipped,
    } = tally;
    format!(
        "{table}\n{file}: {}: {passed} passed, {failed} failed, {not_applicable} not applicable, \
         {skipped} skipped",
        counted(outcomes.len() as u64, "rule")
    )
}
