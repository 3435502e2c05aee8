//! Every page of the repository fits into a terminal, and its links lead somewhere.

use std::fs;
use std::path::{Path, PathBuf};

/// The widest line of a page, in characters.
const WIDEST: usize = 100;

/// The page whose tables are wider: a map, which people read on a screen.
const MAP: &str = "ARCHITECTURE.md";

/// The pages below `directory`, what is built and what is hidden left out.
fn pages(directory: &Path) -> Vec<PathBuf> {
    let mut pages = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            pages.extend(self::pages(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    pages
}

/// What the links of a page lead to: those in the text, and those that are named at its end.
fn links(page: &str) -> impl Iterator<Item = &str> {
    let in_text = page.split("](").skip(1);
    let named = page.split("\n[").skip(1);
    let named = named.filter_map(|text| Some(text.lines().next()?.split_once("]: ")?.1));
    in_text
        .chain(named)
        .filter_map(|text| text.split([')', '\n']).next())
        .filter(|target| !target.contains("://"))
}

/// The anchors of a page: its headings, as GitHub writes them.
fn anchors(page: &str) -> Vec<String> {
    let headings = page.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|heading| {
            let text = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = text
                .chars()
                .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

#[test]
fn no_line_of_a_page_is_wider_than_a_terminal() {
    let mut wide = Vec::new();
    let mut pages = pages(e2e::workspace());
    pages.retain(|path| !path.ends_with(MAP));
    for path in pages {
        for (at, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            if line.chars().count() > WIDEST {
                wide.push(format!("{}:{}", path.display(), at + 1));
            }
        }
    }
    assert!(wide.is_empty(), "{}", wide.join("\n"));
}

#[test]
fn every_link_between_pages_leads_to_a_file_and_a_heading() {
    let mut broken = Vec::new();
    for path in pages(e2e::workspace()) {
        let page = fs::read_to_string(&path).unwrap();
        for link in links(&page) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => path.clone(),
                file => path.parent().unwrap().join(file),
            };
            let has_anchor = |page: String| anchors(&page).contains(&anchor.to_owned());
            let leads_there = if anchor.is_empty() {
                target.exists()
            } else {
                fs::read_to_string(&target).is_ok_and(has_anchor)
            };
            if !leads_there {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
