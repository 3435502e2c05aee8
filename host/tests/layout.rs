//! Which file may import which: no circles, and in the loader the arrows of its layout.

#![allow(clippy::unwrap_used, reason = "all of it is tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The rooms of the loader, floor by floor: a room may import its own files and those of the floors
/// below. `loader` and `builder` are the ones that know `PluginLoader`.
const FLOORS: &[&[&str]] = &[
    &["digest", "measure", "options", "refusal", "skip", "stage"],
    &[
        "admit", "connect", "discover", "inspect", "open", "probe", "register", "staging", "vouch",
    ],
    &["error"],
    &["report"],
    &["pipeline"],
    &["enter"],
    &["check", "examine", "load"],
    &["builder", "loader", "renew"],
];

/// What one room may import of another on its own floor.
const ALONGSIDE: &[(&str, &str)] = &[
    ("builder", "loader"),
    ("renew", "loader"),
    ("discover", "admit"),
    ("measure", "digest"),
    ("measure", "stage"),
    ("open", "inspect"),
    ("options", "refusal"),
    ("probe", "connect"),
    ("probe", "inspect"),
    ("probe", "open"),
    ("probe", "staging"),
    ("skip", "refusal"),
];

/// The files that each file of a crate imports, by their module paths; the crate's root is `crate`.
type Imports = BTreeMap<String, BTreeSet<String>>;

#[test]
fn no_file_imports_one_that_imports_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for crate_ in [
        "host",
        "host/bridge",
        "host/cli",
        "host/queue",
        "host/service",
        "plugin-abi",
        "example-plugins/hello",
        "example-plugins/subprocess",
        "example-plugins/wasm",
        "example-plugins/container",
        "example-plugins/ssh",
    ] {
        let mut imports = imports_of(&root.join(crate_).join("src"));
        // Who imports nothing that is left, or is imported by nothing, is in no circle.
        while let Some(outside) = imports.keys().find(|file| {
            imports[*file].is_empty() || !imports.values().any(|of| of.contains(*file))
        }) {
            let outside = outside.clone();
            imports.remove(&outside);
            imports.values_mut().for_each(|of| _ = of.remove(&outside));
        }
        assert!(imports.is_empty(), "circles in {crate_}: {imports:#?}");
    }
}

#[test]
fn the_loader_has_the_arrows_of_its_layout() {
    let imports = imports_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    for (file, imported) in &imports {
        for other in imported {
            assert!(may_import(file, other), "{file} imports {other}");
        }
    }
    assert!(!may_import("crate::loader::admit::read", "crate::loader"));
    assert!(!may_import("crate::loader::vouch", "crate::loader::error"));
    assert!(!may_import(
        "crate::loader::admit",
        "crate::loader::discover"
    ));
    assert!(!may_import("crate::services::log", "crate::loader::stage"));
}

fn may_import(file: &str, other: &str) -> bool {
    let (from, to) = match (room(file), room(other)) {
        (_, None) => return true,
        // Only the front door looks into the loader, and what has it load while a host runs.
        (None, Some(_)) => return file == "crate" || file.starts_with("crate::live"),
        (Some(from), Some(to)) => (from, to),
    };
    let floor = |room| FLOORS.iter().position(|floor| floor.contains(&room));
    let (Some(above), Some(below)) = (floor(from), floor(to)) else {
        panic!("{from} or {to} is on no floor")
    };
    from == to || above > below || ALONGSIDE.contains(&(from, to))
}

/// The room of the loader that a file belongs to.
fn room(file: &str) -> Option<&str> {
    let inside = file.strip_prefix("crate::loader")?;
    Some(inside.split("::").nth(1).unwrap_or("loader"))
}

/// What the files of a crate import, as far as it is in the same crate.
fn imports_of(src: &Path) -> Imports {
    let mut texts = BTreeMap::new();
    read_modules(src, "crate", &mut texts);
    let imported = |module: &String, text: &String| {
        let mut paths = Vec::new();
        for (at, _) in text.match_indices("::") {
            let begin = text[..at].rfind(|c: char| !c.is_alphanumeric() && c != '_');
            let begin = begin.map_or(0, |before| before + 1);
            let inner = ["::", "$", "(in "]
                .iter()
                .any(|end| text[..begin].ends_with(end));
            if !inner {
                expand("", &text[begin..], &mut paths);
            }
        }
        let files = paths
            .iter()
            .filter_map(|path| resolve(module, path, &texts));
        files.filter(|file| file != module).collect()
    };
    let imports = texts
        .iter()
        .map(|(module, text)| (module.clone(), imported(module, text)));
    imports.collect()
}

/// Reads the modules of a folder, without their comments and tests.
fn read_modules(folder: &Path, parent: &str, texts: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap().path();
        let module = match entry.file_stem().unwrap().to_str().unwrap() {
            "tests" => continue,
            "lib" | "main" => parent.to_owned(),
            name => format!("{parent}::{name}"),
        };
        if entry.is_dir() {
            read_modules(&entry, &module, texts);
        } else {
            let text = fs::read_to_string(&entry).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            let code = code.split("#[cfg(all(test").next().unwrap();
            let lines = code
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            texts.insert(module, lines.collect::<Vec<_>>().join("\n"));
        }
    }
}

/// The paths that the beginning of `text` names, which may be a tree with braces.
fn expand(prefix: &str, text: &str, paths: &mut Vec<String>) {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
    let (path, rest) = text.split_at(end.unwrap_or(text.len()));
    let path = format!("{prefix}{path}");
    let Some(tree) = rest.strip_prefix('{').filter(|_| path.ends_with("::")) else {
        return paths.push(path);
    };
    let (mut depth, mut begin) = (0, 0);
    for (at, c) in tree.char_indices() {
        if depth == 0 && (c == ',' || c == '}') {
            expand(&path, tree[begin..at].trim(), paths);
            begin = at + 1;
        }
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return,
            '}' => depth -= 1,
            _ => {}
        }
    }
}

/// The file that a path in `module` leads to; `None` when it leads out of the crate.
fn resolve(module: &str, path: &str, texts: &BTreeMap<String, String>) -> Option<String> {
    let (mut path, mut from) = (path, module);
    while let Some(rest) = path.strip_prefix("super::") {
        (path, from) = (rest, from.rsplit_once("::")?.0);
    }
    let mut path = match path.strip_prefix("crate::") {
        Some(rest) => format!("crate::{rest}"),
        None => format!("{from}::{}", path.trim_start_matches("self::")),
    };
    while !texts.contains_key(&path) {
        path.truncate(path.rfind("::")?);
    }
    Some(path)
}
