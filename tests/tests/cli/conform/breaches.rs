//! Each rule finds the plugin that breaks it, and none is there that nothing breaks.

mod ends;
mod files;
mod loading;
mod runs;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Mutex;
use std::thread;

use serde_json::Value;

use super::breach::{Breach, fault_of};
use super::{Subject, failed, tasks};
use crate::{end, solti_host};

fn breaches() -> Vec<Breach> {
    let all = [files::all(), loading::all(), runs::all(), ends::all()];
    all.into_iter().flatten().collect()
}

#[test]
fn each_rule_finds_the_plugin_that_breaks_it_and_no_other_does() {
    let subject = Subject::of("specimen");
    let good = subject.written("tasks.json", tasks(&[]));
    let (report, code) = subject.report(&good, &["--strict"]);
    assert_eq!((failed(&report), code), (BTreeMap::new(), Some(0)));
    assert_eq!(report["passed"], 30);

    // A few at a time: most of a rule is waiting.
    let (left, faults) = (Mutex::new(breaches()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(breach) = { left.lock().unwrap().pop() } {
                    faults.lock().unwrap().extend(fault_of(&breach));
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_rule_is_broken_by_a_test_and_has_a_section_on_its_page() {
    let listed = end(solti_host().args(["conform", "--list", "--json"]));
    let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
    let names = |rule: &Value| rule["rule"].as_str().unwrap().to_owned();
    let rules: BTreeSet<_> = listed.as_array().unwrap().iter().map(names).collect();
    let breaches = breaches();
    let broken = breaches.iter().flat_map(|breach| breach.failed);
    let broken: BTreeSet<_> = broken.map(|(rule, _)| (*rule).to_owned()).collect();
    assert_eq!(rules, broken);
    let page = fs::read_to_string(e2e::workspace().join("docs/conformance.md")).unwrap();
    let headings = page.lines().filter_map(|line| line.strip_prefix("### "));
    let headings: BTreeSet<_> = headings.map(str::to_owned).collect();
    assert_eq!(rules, headings);
}
