//! What the pages for people say is what the program does.

mod commands;
mod pages;
mod reference;
mod tasks;

use std::fs;

/// A page, by its path in the repository.
fn page(path: &str) -> String {
    fs::read_to_string(e2e::workspace().join(path)).unwrap()
}

/// The code blocks of a page in this language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("\n```{language}\n");
    let after_fences = page.split(fence.as_str()).skip(1);
    after_fences
        .map(|text| text.split_once("\n```").unwrap().0)
        .collect()
}
