//! One run of the suite: every rule that is asked for, a few at a time.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use parking_lot::Mutex;
use serde_json::{Map, Value};
use solti_plugin_host::inspect::{GlibcVersion, Inspection, inspect};

use super::child;
use super::place::{self, Place};
use super::request::Request;
use super::rule::{Check, FileFacts, Rule};
use super::rules::loading::LOADS;
use super::tasks::Tasks;
use super::verdict::Verdict;

/// How many processes try rules at a time: most of the time they wait.
const AT_A_TIME: usize = 4;

/// What a run of the suite is told.
#[derive(Debug)]
pub(crate) struct Suite<'a> {
    pub(crate) file: &'a Path,
    /// The rules that are tried, in this order.
    pub(crate) rules: Vec<&'static Rule>,
    /// The file of tasks, where there is one.
    pub(crate) tasks: Option<&'a Path>,
    /// The configuration of plugins, by their names.
    pub(crate) config: Map<String, Value>,
    pub(crate) workers: Option<u32>,
    pub(crate) glibc: GlibcVersion,
    /// How long a rule may take.
    pub(crate) time: Duration,
}

/// What came of a rule.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) rule: &'static Rule,
    pub(crate) verdict: Verdict,
    pub(crate) took: Duration,
}

/// What all the rules of a run have in common.
struct Run<'a> {
    suite: &'a Suite<'a>,
    place: Place,
    bytes: u64,
    inspection: Inspection,
    kinds: Vec<String>,
    tasks: Tasks,
}

impl Suite<'_> {
    /// Tries the rules.
    ///
    /// # Errors
    ///
    /// When the file, its sidecar or its tasks cannot be read, or there is no room for copies of it.
    pub(crate) fn run(&self) -> anyhow::Result<Vec<Outcome>> {
        let bytes = fs::read(self.file).context("it cannot be read")?;
        let inspection = inspect(&bytes);
        let stamp = inspection.stamp.as_ref();
        let sidecar = place::sidecar_of(self.file).context("its sidecar cannot be read")?;
        let stamped = stamp.map_or("plugin", |stamp| &*stamp.plugin);
        let name = place::name_in(&sidecar).unwrap_or_else(|| stamped.to_owned());
        if let Some(other) = self.config.keys().find(|plugin| **plugin != name) {
            bail!("--config {other}: the plugin in this file is '{name}'");
        }
        let runners = stamp.map(|stamp| &*stamp.runners).unwrap_or_default();
        let kinds = runners.iter().flat_map(|runner| runner.kinds.names());
        let kinds: Vec<_> = kinds.map(str::to_owned).collect();
        let place = Place::of(self.file, &bytes, &sidecar, &name).context("it cannot be copied")?;
        let run = Run {
            tasks: Tasks::of(self.tasks, &kinds, &place.tasks())?,
            suite: self,
            place,
            bytes: bytes.len() as u64,
            inspection,
            kinds,
        };
        Ok(run.all())
    }
}

impl Run<'_> {
    fn all(&self) -> Vec<Outcome> {
        let rules = &self.suite.rules;
        // What does not load says nothing of anything else: that is tried first, and alone.
        let loads = rules.iter().find(|rule| rule.name == LOADS);
        let loads = loads.map(|rule| self.try_one(rule));
        let does_not_load = loads
            .as_ref()
            .is_some_and(|loads| !matches!(loads.verdict, Verdict::Passed));
        let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let work = || {
            while let Some(rule) = rules.get(next.fetch_add(1, Ordering::Relaxed)) {
                let outcome = match rule.check {
                    _ if rule.name == LOADS => continue,
                    Check::In(_) | Check::InProbe(_) if does_not_load => Outcome {
                        rule,
                        verdict: Verdict::NotApplicable {
                            why: format!("the plugin does not load: see the rule `{LOADS}`"),
                        },
                        took: Duration::ZERO,
                    },
                    _ => self.try_one(rule),
                };
                found.lock().push(outcome);
            }
        };
        thread::scope(|scope| {
            for _ in 0..AT_A_TIME {
                scope.spawn(work);
            }
        });
        let mut found = found.into_inner();
        found.extend(loads);
        let position = |outcome: &Outcome| rules.iter().position(|it| it.name == outcome.rule.name);
        found.sort_by_key(position);
        found
    }

    fn try_one(&self, rule: &'static Rule) -> Outcome {
        let began = Instant::now();
        let verdict = match rule.check {
            Check::Of(_) if self.inspection.stamp.is_none() => Verdict::NotApplicable {
                why: format!("the file is no plugin of this machine: see the rule `{LOADS}`"),
            },
            Check::Of(check) => check(&FileFacts {
                bytes: self.bytes,
                inspection: &self.inspection,
                glibc: self.suite.glibc,
            })
            .into(),
            Check::In(_) => self.in_process(rule, false),
            Check::InProbe(_) => self.in_process(rule, true),
        };
        Outcome {
            rule,
            verdict,
            took: began.elapsed(),
        }
    }

    fn in_process(&self, rule: &Rule, probe: bool) -> Verdict {
        let tried = self.place.own(rule.name).and_then(|own| {
            let request = Request {
                rule: rule.name.to_owned(),
                plugins: self.place.plugins(),
                again: self.place.again(),
                own,
                config: self.suite.config.clone(),
                workers: self.suite.workers,
                kinds: self.kinds.clone(),
                tasks: self.tasks.clone(),
            };
            child::try_rule(&request, probe, self.suite.time)
        });
        tried.unwrap_or_else(|err| Verdict::NotApplicable {
            why: format!("no process could be started for it: {err}"),
        })
    }
}
