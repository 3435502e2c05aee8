//! A guest made by the Rust compiler, where it can make one.

use std::path::{Path, PathBuf};
use std::process::Command;

const SOURCE: &str = r#"
fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("greet") => println!("hello, {}", std::env::var("WHO").unwrap()),
        Some("exit") => std::process::exit(3),
        _ => panic!("on purpose"),
    }
}
"#;

/// Compiles the program into `directory`; `None` where the target is not installed.
pub(crate) fn compiled(directory: &Path) -> Option<PathBuf> {
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
