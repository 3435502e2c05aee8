//! Records which compiler and target built this copy of the crate.
//!
//! A plugin compiles its own copy, so what is recorded here is a fact about the plugin; it travels
//! in the plugin's stamp.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let version = Command::new(rustc)
        .arg("--version")
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .map_or_else(|| "unknown".into(), |text| text.trim().to_owned());
    let target = env::var("TARGET").unwrap_or_else(|_| "unknown".into());
    let opt_level = env::var("OPT_LEVEL").unwrap_or_else(|_| "unknown".into());
    println!("cargo:rustc-env=SOLTI_RUSTC={version}");
    println!("cargo:rustc-env=SOLTI_TARGET={target}");
    println!("cargo:rustc-env=SOLTI_OPT_LEVEL={opt_level}");
}
