//! A guest made by the Rust compiler, where it can make one.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;

const SOURCE: &str = r#"
fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("greet") => println!("hello, {}", std::env::var("WHO").unwrap()),
        Some("exit") => std::process::exit(3),
        _ => panic!("on purpose"),
    }
}
"#;

#[tokio::test]
async fn a_program_of_the_rust_compiler_runs_like_any_other() {
    let wasm = Wasm::with("max_memory_bytes = 16777216");
    let Some(module) = compiled(wasm.host.directory.path()) else {
        // Past the test harness, which shows nothing that a passing test prints.
        let mut shown = std::io::stderr();
        let _ = writeln!(
            shown,
            "the target wasm32-wasip1 is not installed, so no module made by rustc is tested"
        );
        return;
    };
    let mut env = TaskEnv::new();
    env.push("WHO", "world");
    let (end, lines) = wasm
        .host
        .run(&spec_with(&module, &["greet"], env.clone(), 60_000))
        .await;
    end.unwrap();
    assert_eq!(texts(&lines), ["hello, world"]);
    let (end, _) = wasm
        .host
        .run(&spec_with(&module, &["exit"], env.clone(), 60_000))
        .await;
    assert_eq!(end.unwrap_err().exit_code(), Some(3));
    let (end, lines) = wasm
        .host
        .run(&spec_with(&module, &["panic"], env, 60_000))
        .await;
    let err = end.unwrap_err();
    assert!(
        err.to_string()
            .starts_with("execution failed: module trapped: wasm `unreachable`"),
        "{err}"
    );
    assert!(lines.iter().any(|line| line.text.contains("on purpose")));
}

/// Compiles the program into `directory`; `None` where the target is not installed.
fn compiled(directory: &Path) -> Option<PathBuf> {
    let target = ["--target", "wasm32-wasip1"];
    let library = Command::new("rustc")
        .args(target)
        .args(["--print", "target-libdir"])
        .output()
        .ok()?;
    if !Path::new(String::from_utf8_lossy(&library.stdout).trim()).is_dir() {
        return None;
    }
    let source = directory.join("program.rs");
    std::fs::write(&source, SOURCE).unwrap();
    let module = directory.join("rust.wasm");
    let status = Command::new("rustc")
        .args(target)
        .args(["--edition", "2024", "-O", "-o"])
        .args([&module, &source])
        .status()
        .unwrap();
    assert!(status.success(), "rustc: {status}");
    Some(module)
}
