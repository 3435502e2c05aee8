//! `docs/reference.md` is complete, and has nothing that is gone.

use std::collections::BTreeSet;

use super::page;
use crate::{end, solti_host};

const COMMANDS: [&str; 23] = [
    "submit",
    "tasks",
    "task",
    "logs",
    "cancel",
    "retry",
    "plugins",
    "top",
    "run",
    "exec",
    "list",
    "check",
    "conform",
    "inspect",
    "config",
    "forget",
    "pack",
    "install",
    "rollback",
    "new",
    "dev",
    "completions",
    "man",
];

/// The options that a text names: two dashes and a word.
fn options(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !c.is_ascii_lowercase() && c != '-')
        .filter(|word| {
            let name = word.strip_prefix("--");
            name.is_some_and(|name| name.starts_with(|c: char| c.is_ascii_lowercase()))
        })
        .collect()
}

/// The text of a section, up to the next one of its level.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let (_, text) = page.split_once(&format!("\n## {heading}\n")).unwrap();
    text.split("\n## ").next().unwrap()
}

/// Scripts go by them: one that is added is documented, and none goes without a word.
#[test]
fn every_code_of_a_warning_is_in_the_reference() {
    let reference = page("docs/reference.md");
    let (_, text) = reference.split_once("\n### Warnings\n").unwrap();
    let text = text.split("\n### ").next().unwrap();
    let (_, table) = text.split_once("\n| code | |\n|---|---|\n").unwrap();
    let first_cells = table.lines().filter_map(|line| line.split('|').nth(1));
    let documented: BTreeSet<_> = first_cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect();
    let (mut sources, mut codes) = (Vec::new(), BTreeSet::new());
    let mut directories = vec![
        e2e::workspace().join("host/cli/src"),
        e2e::workspace().join("host/src"),
    ];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else {
                sources.push(std::fs::read_to_string(path).unwrap());
            }
        }
    }
    for source in &sources {
        for made in source.split("Warning::new(").skip(1) {
            codes.insert(
                made.trim_start()
                    .trim_start_matches('"')
                    .split('"')
                    .next()
                    .unwrap(),
            );
        }
    }
    assert_eq!(documented, codes);
}

#[test]
fn every_option_is_in_the_reference_where_its_command_is_named() {
    let reference = page("docs/reference.md");
    let tables = section(&reference, "Options").split("\n### ").skip(1);
    let tables: Vec<_> = tables.map(|text| text.split_once('\n').unwrap()).collect();
    let mut known = end(solti_host().arg("--help")).stdout;
    for command in COMMANDS {
        let help = end(solti_host().args([command, "--help"])).stdout;
        let named = format!("`{command}`");
        let of_command =
            |heading: &str| heading.contains(&named) || heading.contains("every command");
        let documented: BTreeSet<_> = tables
            .iter()
            .filter(|(heading, _)| of_command(heading))
            .flat_map(|(_, table)| options(table))
            .collect();
        let missing: Vec<_> = options(&help).difference(&documented).copied().collect();
        assert!(missing.is_empty(), "{command}: {missing:?}");
        known.push_str(&help);
    }
    for action in ["init", "status", "retry"] {
        let help = end(solti_host().args(["queue", action, "--help"])).stdout;
        let missing: Vec<_> = options(&help)
            .difference(&options(&reference))
            .copied()
            .collect();
        assert!(missing.is_empty(), "queue {action}: {missing:?}");
        known.push_str(&help);
    }
    let gone: Vec<_> = options(&reference)
        .difference(&options(&known))
        .copied()
        .collect();
    assert!(gone.is_empty(), "no command takes {gone:?}");
}

#[test]
fn every_code_of_a_refusal_is_in_the_reference_at_its_stage() {
    let reference = page("docs/reference.md");
    let stages = section(&reference, "Refusals");
    let mut missing = Vec::new();
    for line in page("host/tests/api/codes.txt").lines() {
        let (stage, code) = line.split_once(' ').unwrap();
        let code = code.split(' ').next_back().unwrap();
        let (_, text) = stages.split_once(&format!("\n### {stage}\n")).unwrap();
        let text = text.split("\n### ").next().unwrap();
        if !text.contains(&format!("`{code}`")) {
            missing.push(format!("{stage} {code}"));
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_code_in_the_reference_is_one_of_a_refusal() {
    let reference = page("docs/reference.md");
    let codes = page("host/tests/api/codes.txt");
    let codes: BTreeSet<_> = codes
        .lines()
        .filter_map(|line| line.rsplit(' ').next())
        .collect();
    let headings = section(&reference, "Refusals").lines();
    let headings = headings.filter_map(|line| line.strip_prefix("#### "));
    let named = headings.flat_map(|heading| heading.split(", "));
    let gone: Vec<_> = named
        .filter(|name| !codes.contains(name.trim_matches('`')))
        .collect();
    assert!(gone.is_empty(), "no refusal has the code {gone:?}");
}
