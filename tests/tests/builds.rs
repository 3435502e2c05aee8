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

/// A validator that is strict about the form of a library refuses good ones: each linker arranges
/// a file in its own way.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_plugin_of_another_linker_or_of_unusual_tables_loads_and_runs() {
    let sysv = ["-Wl,--hash-style=sysv"];
    let relr = ["-Wl,-z,pack-relative-relocs"];
    for (linker, link_args) in [
        ("bfd", &[][..]),
        ("bfd", &sysv),
        ("bfd", &relr),
        ("gold", &[]),
        ("mold", &[]),
        ("lld", &sysv),
    ] {
        let what = format!("linked by {linker} {}", link_args.join(" "));
        let Some(plugin) = linked_by(linker, link_args) else {
            println!("not tested: {what}: it is not installed, or does not know that");
            continue;
        };
        let directory = support::directory_with(&[]);
        std::fs::copy(&plugin, directory.path().join("hello.so")).unwrap();
        let host = Host::load(directory, PluginLoader::new());
        assert_eq!(host.report.loaded().len(), 1, "{what}: {}", host.report);
        let (end, lines) = host.run(&command("s", "hello", &["you"])).await;
        end.unwrap();
        assert_eq!(texts(&lines), ["hello, you"], "{what}");
        println!("loads and runs: {what}");
    }
}

/// A copy in memory has nothing beside it.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_plugin_with_a_library_beside_it_is_told_what_to_do_and_loads_from_a_directory() {
    let beside = tempfile::tempdir().unwrap();
    let library = beside.path().join("libbeside.so.1");
    let made = Command::new("cc")
        .args(["-shared", "-x", "c", "/dev/null"])
        .args(["-Wl,-soname,libbeside.so.1", "-o"])
        .arg(&library)
        .status();
    assert!(made.unwrap().success());
    let compiler_args = [
        "-Wl,--no-as-needed".to_owned(),
        library.display().to_string(),
        "-Wl,-rpath,$ORIGIN".to_owned(),
    ];
    let compiler_args = compiler_args.map(|arg| format!("-Clink-arg={arg}"));
    let target = e2e::target_dir().join("fixtures");
    let built = e2e::build_linked("hello", Profile::Release, &target, &compiler_args);
    let directory = support::directory_with(&[]);
    let file = directory.path().join("hello.so");
    std::fs::copy(&built.plugins["hello"], &file).unwrap();
    std::fs::copy(&library, directory.path().join("libbeside.so.1")).unwrap();
    assert_eq!(
        support::complaints(&PluginLoader::new(), directory.path()),
        [
            "hello.so: rejected at open: the system cannot load it: libbeside.so.1: cannot open \
          shared object file: No such file or directory; install that library, link it into the \
          plugin, or stage the plugin beside it (--stage-in)"
        ]
    );
    let loader = PluginLoader::new()
        .stage_in(beside.path())
        .probe_with(e2e::solti_host());
    let host = Host::load(directory, loader);
    assert_eq!(host.report.loaded().len(), 1, "{}", host.report);
    let probe = &host.report.loaded()[0].probe;
    assert!(matches!(probe, solti_plugin_host::Probe::Passed { .. }));
    let (end, _) = host.run(&command("s", "hello", &["you"])).await;
    end.unwrap();
}

/// Builds `hello` with a linker; `None` when that is not there or does not know the arguments.
#[cfg(target_os = "linux")]
fn linked_by(linker: &str, link_args: &[&str]) -> Option<std::path::PathBuf> {
    let works = Command::new("cc")
        .args(["-shared", "-x", "c", "/dev/null", "-o", "/dev/null"])
        .arg(format!("-fuse-ld={linker}"))
        .args(link_args)
        .output();
    let bundled = linker == "lld";
    if !bundled && !works.is_ok_and(|output| output.status.success()) {
        return None;
    }
    let mut rustc = vec![];
    if !bundled {
        rustc.push(format!("-Clink-arg=-fuse-ld={linker}"));
    }
    rustc.extend(link_args.iter().map(|arg| format!("-Clink-arg={arg}")));
    let target = e2e::target_dir().join("fixtures");
    let built = e2e::build_linked("hello", Profile::Release, &target, &rustc);
    Some(built.plugins["hello"].clone())
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
