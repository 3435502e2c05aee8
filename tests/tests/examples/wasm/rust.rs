//! A guest made by the Rust compiler, where it can make one.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;

const SOURCE: &str = r#"
fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("greet") => println!("hello, {}", std::env::var("WHO").unwrap()),
        Some("exit") => std::process::exit(3),
        Some("much") => print!("{}", format!("{}\n", "x".repeat(99)).repeat(3000)),
        Some("files") => files().unwrap(),
        _ => panic!("on purpose"),
    }
}

fn files() -> std::io::Result<()> {
    use std::fs::{self, File};
    use std::io::{Read, Write};

    let content: Vec<u8> = (0..3_500_000_u32).map(|index| (index / 251) as u8).collect();
    // One call each, whose counts are those of the whole.
    assert_eq!(File::create("/data/big")?.write(&content)?, content.len());
    let mut read = vec![0; 4_000_000];
    assert_eq!(File::open("/data/big")?.read(&mut read)?, content.len());
    assert!(read.starts_with(&content));

    for _ in 0..2 {
        let open: Vec<_> = std::iter::from_fn(|| File::open("/data/big").ok()).collect();
        assert_eq!(open.len(), 64);
    }

    fs::create_dir("/data/many")?;
    for index in 0..500 {
        File::create(format!("/data/many/a-file-with-a-long-name-{index}"))?;
    }
    let mut names: Vec<_> = fs::read_dir("/data/many")?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<Result<_, _>>()?;
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 500);

    fs::rename("/data/big", "/data/many/moved")?;
    fs::hard_link("/data/many/moved", "/data/linked")?;
    assert_eq!(fs::metadata("/data/linked")?.len(), content.len() as u64);
    // To and from the one that can only be read.
    for (from, to) in [("/data/linked", "/fixed/a"), ("/fixed/f", "/data/a")] {
        fs::rename(from, to).unwrap_err();
        fs::hard_link(from, to).unwrap_err();
    }
    fs::remove_file("/data/linked")?;
    File::open(format!("/data/{}big", "./".repeat(3000))).unwrap_err();
    println!("done");
    Ok(())
}
"#;

#[tokio::test]
async fn a_program_of_the_rust_compiler_runs_like_any_other() {
    let wasm = Wasm::with("max_memory_bytes = 16777216");
    let Some(module) = compiled(wasm.host.directory.path()) else {
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
        .run(&spec_with(&module, &["much"], env.clone(), 60_000))
        .await;
    end.unwrap();
    assert_eq!(texts(&lines), vec!["x".repeat(99); 3000]);
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

#[tokio::test]
async fn a_program_of_the_rust_compiler_finds_files_as_it_is_used_to() {
    let data = tempfile::tempdir().unwrap();
    let fixed = tempfile::tempdir().unwrap();
    fs::write(fixed.path().join("f"), "fixed").unwrap();
    let wasm = Wasm::with(&format!(
        "directories = [\n\
           {{ host = '{}', guest = '/data', writable = true }},\n\
           {{ host = '{}', guest = '/fixed' }},\n\
         ]",
        data.path().display(),
        fixed.path().display(),
    ));
    let Some(module) = compiled(wasm.host.directory.path()) else {
        return;
    };
    let spec = spec_with(&module, &["files"], TaskEnv::new(), 60_000);
    let (end, lines) = wasm.host.run(&spec).await;
    assert_eq!(texts(&lines), ["done"]);
    end.unwrap();
    assert!(!data.path().join("a").exists());
    assert_eq!(fs::read_dir(fixed.path()).unwrap().count(), 1);
}

/// Compiles the program into `directory`; `None`, and words about it, where the target is not
/// installed.
fn compiled(directory: &Path) -> Option<PathBuf> {
    let target = ["--target", "wasm32-wasip1"];
    let library = Command::new("rustc")
        .args(target)
        .args(["--print", "target-libdir"])
        .output()
        .ok()?;
    if !Path::new(String::from_utf8_lossy(&library.stdout).trim()).is_dir() {
        e2e::skip("no module made by rustc, as the target wasm32-wasip1 is not installed");
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
