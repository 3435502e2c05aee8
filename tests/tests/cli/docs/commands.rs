//! The commands on the pages are ones that the program takes.

use std::collections::BTreeMap;

use super::{blocks, page};
use crate::{end, solti_host};

/// The pages whose commands a reader types one after the other.
const PAGES: [&str; 7] = [
    "README.md",
    "docs/install.md",
    "docs/operating.md",
    "docs/book/first-plugin.md",
    "docs/book/conformance.md",
    "docs/book/shipping.md",
    "docs/book/blocking.md",
];

/// What is typed on a page: the words behind `solti-host`, up to what is another program's.
fn typed(page: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = blocks(page, "console").into_iter().flat_map(str::lines);
    lines.filter_map(|line| {
        let words = line.strip_prefix("$ ")?.split_whitespace();
        let before_comment = words.take_while(|word| *word != "#");
        let mut words = before_comment.skip_while(|word| !word.ends_with("solti-host"));
        words.next()?;
        let own = words.take_while(|word| !matches!(*word, "--" | "|" | ">" | "&"));
        Some(own.collect())
    })
}

/// Somebody types it and is told that there is no such thing.
#[test]
fn each_command_that_a_page_has_typed_is_one_and_so_are_its_options() {
    let mut helps = BTreeMap::new();
    let mut wrong = Vec::new();
    for path in PAGES {
        let page = page(path);
        for words in typed(&page) {
            let Some((command, words)) = words.split_first() else {
                continue;
            };
            // The program is copied, or something is asked about it.
            if !command.starts_with(|c: char| c.is_ascii_lowercase()) {
                continue;
            }
            let help = helps
                .entry((*command).to_owned())
                .or_insert_with(|| end(solti_host().args([*command, "--help"])));
            if help.code != Some(0) {
                wrong.push(format!("{path}: solti-host {command}"));
            }
            for option in words.iter().filter(|word| word.starts_with("--")) {
                let option = option.split('=').next().unwrap();
                let is_there = |word: &str| word.trim_matches([',', '[', ']']) == option;
                if !help.stdout.split_whitespace().any(is_there) {
                    wrong.push(format!("{path}: solti-host {command} {option}"));
                }
            }
        }
    }
    assert!(helps.len() > 5, "{helps:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
