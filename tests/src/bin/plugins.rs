//! `cargo plugins`: builds the example plugins into `target/plugins/`, and the host.

#![expect(clippy::print_stdout, reason = "it tells a person what it has built")]

use std::fs;

fn main() -> std::io::Result<()> {
    let installed = e2e::install_examples(e2e::Program::Whole)?;
    for plugin in &installed.plugins {
        let megabytes = fs::metadata(plugin)?.len() as f64 / 1e6;
        println!("{megabytes:6.1} MB  {}", plugin.display());
    }
    Ok(())
}
