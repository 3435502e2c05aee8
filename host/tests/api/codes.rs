//! The codes of all refusals, which scripts and alerts rely on: a code never changes.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Where each stage says its codes.
const STAGES: &[(&str, &str)] = &[
    ("discover", "discover/error.rs"),
    ("admit", "admit/error.rs"),
    ("inspect", "inspect/problem.rs"),
    ("vouch", "vouch/error.rs"),
    ("stage", "staging/error.rs"),
    ("probe", "probe/error.rs"),
    ("open", "open/error.rs"),
    ("connect", "connect/error.rs"),
    ("register", "register/error.rs"),
];

#[test]
fn a_code_never_changes() {
    let loader = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/loader");
    let mut codes = String::new();
    for (stage, file) in STAGES {
        let text = fs::read_to_string(loader.join(file)).unwrap();
        let mut variants = Vec::new();
        for function in text.split("fn code(&self)").skip(1) {
            let body = function.split("\n    }\n").next().unwrap();
            for arm in body.split("Self::").skip(1) {
                let name = arm.split(|c: char| !c.is_alphanumeric()).next().unwrap();
                variants.push(name);
                if let Some(code) = arm.split("=> \"").nth(1) {
                    let code = code.split('"').next().unwrap();
                    for variant in variants.drain(..) {
                        writeln!(codes, "{stage} {variant} {code}").unwrap();
                    }
                } else if arm.contains("=>") {
                    // A stage within the stage, which has codes of its own.
                    variants.clear();
                }
            }
        }
    }
    let kept = include_str!("codes.txt");
    for (code, kept) in codes.lines().zip(kept.lines()) {
        assert_eq!(code, kept, "in the source, and in codes.txt");
    }
    assert_eq!(
        codes.lines().count(),
        kept.lines().count(),
        "codes.txt has every code, a new one at its place"
    );
}
