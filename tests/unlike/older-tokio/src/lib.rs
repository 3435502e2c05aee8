//! A plugin with another version of tokio than its host.

#![forbid(unsafe_code)]

#[path = "../../runner.rs"]
mod runner;

use runner::Unlike;

/// Nothing but its tokio sets it apart.
fn own(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}

solti_plugin_abi::export_plugin!(Unlike {
    name: "unlike",
    kinds: [subprocess]
});
