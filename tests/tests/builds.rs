//! Plugins built in other ways than the host.

mod support;

use std::path::Path;
use std::process::Command;

use e2e::{PLUGIN_SUFFIX, Profile};
use solti_plugin_host::PluginLoader;
use support::{Host, command, texts};

/// Loads the specimen of this file and runs tasks through it.
async fn loads_and_runs(plugin: &Path) -> Host {
    let directory = tempfile::tempdir().unwrap();
    std::fs::copy(
        plugin,
        directory.path().join(format!("specimen.{PLUGIN_SUFFIX}")),
    )
    .unwrap();
    let host = Host::load(directory, PluginLoader::new());
    assert_eq!(host.report.loaded().len(), 1, "{}", host.report);
    for (behaviour, expected) in [
        ("net", "over the network"),
        ("process", "child"),
        ("block-in-place", "in place"),
    ] {
        let (end, lines) = host.run(&command("s", behaviour, &[])).await;
        end.unwrap();
        assert_eq!(texts(&lines), [expected]);
    }
    let (end, _) = host.run(&command("s", "panic-after-await", &[])).await;
    assert!(
        end.unwrap_err()
            .to_string()
            .contains("told to panic after the first await")
    );
    host
}

#[tokio::test]
async fn a_plugin_of_another_optimisation_level_loads_and_runs() {
    let target = e2e::target_dir().join("fixtures");
    let built = e2e::build(&["specimen"], Profile::Release, &target, |_| {});
    loads_and_runs(&built.plugins["specimen"]).await;
}

#[tokio::test]
async fn a_plugin_of_another_compiler_loads_and_runs() {
    let Some(toolchain) = other_toolchain() else {
        println!("not tested: no second toolchain is installed beside this one");
        return;
    };
    let target = e2e::target_dir().join("fixtures-other-rustc");
    let built = e2e::build_with(
        Some(&toolchain),
        &["specimen"],
        Profile::Dev,
        &target,
        |_| {},
    );
    let host = loads_and_runs(&built.plugins["specimen"]).await;
    let bytes = std::fs::read(&host.report.loaded()[0].path).unwrap();
    let rustc = solti_plugin_host::inspect(&bytes).stamp.unwrap().rustc;
    let own = std::fs::read(e2e::plugin("specimen")).unwrap();
    let own = solti_plugin_host::inspect(&own).stamp.unwrap().rustc;
    println!("a plugin built by {rustc} runs in a host built by {own}");
    assert_ne!(rustc, own);
}

/// A toolchain whose compiler is another version than the one in use.
fn other_toolchain() -> Option<String> {
    let version = |args: &[&str]| {
        let output = Command::new("rustup")
            .args(args)
            .env_remove("RUSTUP_TOOLCHAIN")
            .output()
            .ok()
            .filter(|output| output.status.success())?;
        String::from_utf8(output.stdout).ok()
    };
    let current = Command::new("rustc").arg("--version").output().ok()?.stdout;
    let current = String::from_utf8(current).ok()?;
    let toolchains = version(&["toolchain", "list"])?;
    toolchains
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .find(|toolchain| {
            // One without a cargo of its own cannot build.
            version(&["run", toolchain, "cargo", "--version"]).is_some()
                && version(&["run", toolchain, "rustc", "--version"])
                    .is_some_and(|found| found != current)
        })
        .map(str::to_owned)
}
