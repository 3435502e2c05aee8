//! `docs/reference.md` is complete, and has nothing that is gone.

use std::collections::BTreeSet;

use super::page;
use crate::{end, solti_host};

const COMMANDS: [&str; 6] = ["run", "exec", "list", "check", "inspect", "forget"];

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
    let gone: Vec<_> = options(&reference)
        .difference(&options(&known))
        .copied()
        .collect();
    assert!(gone.is_empty(), "no command takes {gone:?}");
}
