//! Plugins built in other ways than the host.

#[cfg(target_os = "linux")]
mod mixed;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use e2e::{PLUGIN_SUFFIX, Profile};
use serde_json::Value;
use solti_plugin_host::PluginLoader;

use crate::support::{self, Host, command, texts};

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
    let built = tempfile::tempdir().unwrap();
    loads_and_runs(&built_with("specimen", built.path(), &[])).await;
}

#[tokio::test]
async fn a_plugin_of_another_compiler_loads_and_runs() {
    let Some(toolchain) = other_toolchain() else {
        e2e::skip("no second toolchain is installed beside this one");
        return;
    };
    let built = specimen_built_by(&toolchain, "fixtures-other-rustc");
    let host = loads_and_runs(&built).await;
    let bytes = std::fs::read(&host.report.loaded()[0].path).unwrap();
    let rustc = solti_plugin_host::inspect::inspect(&bytes)
        .stamp
        .unwrap()
        .rustc;
    let own = std::fs::read(e2e::plugin("specimen")).unwrap();
    let own = solti_plugin_host::inspect::inspect(&own)
        .stamp
        .unwrap()
        .rustc;
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
        let Some(compiler_args) = linked_by(linker, link_args) else {
            e2e::skip(&format!(
                "{what}: it is not installed, or does not know that"
            ));
            continue;
        };
        let directory = support::directory_with(&[]);
        hello_built_with(directory.path(), &compiler_args);
        let host = Host::load(directory, PluginLoader::new());
        assert_eq!(host.report.loaded().len(), 1, "{what}: {}", host.report);
        let (end, lines) = host.run(&command("s", "hello", &["you"])).await;
        end.unwrap();
        assert_eq!(texts(&lines), ["hello, you"], "{what}");
    }
}

/// A copy in memory has nothing beside it.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_plugin_with_a_library_beside_it_is_told_what_to_do_and_loads_from_a_directory() {
    let beside = tempfile::tempdir().unwrap();
    let library = empty_library(beside.path(), "libbeside.so.1");
    let directory = support::directory_with(&[]);
    hello_built_with(directory.path(), &linked_to(&library, "$ORIGIN"));
    std::fs::copy(&library, directory.path().join("libbeside.so.1")).unwrap();
    assert_eq!(
        support::complaints(&PluginLoader::new(), directory.path()),
        [
            "hello.so: rejected at open: the system cannot load it: libbeside.so.1: cannot open \
          shared object file: No such file or directory; install that library, link it into the \
          plugin, or stage the plugin beside it (PluginLoader::stage_in)"
        ]
    );
    let loader = PluginLoader::new()
        .stage_in(beside.path())
        .probe_with(e2e::solti_host());
    let host = Host::load(directory, loader);
    assert_eq!(host.report.loaded().len(), 1, "{}", host.report);
    let probe = &host.report.loaded()[0].probe;
    assert!(matches!(
        probe,
        solti_plugin_host::probe::ProbeOutcome::Passed { .. }
    ));
    let (end, _) = host.run(&command("s", "hello", &["you"])).await;
    end.unwrap();
}

/// The system gives a library that asks for another by name the first that carries that name.
#[cfg(target_os = "linux")]
#[test]
fn a_plugin_that_would_answer_for_a_library_of_another_is_refused_whichever_comes_first() {
    let beside = tempfile::tempdir().unwrap();
    let library = empty_library(beside.path(), "libshared.so.1");
    let rpath = beside.path().display().to_string();
    let built = support::directory_with(&[]);
    let called = ["-Clink-arg=-Wl,-soname,libshared.so.1".to_owned()];
    let called = built_with("hello", built.path(), &called);
    let asks = built_with("specimen", built.path(), &linked_to(&library, &rpath));
    let refusal_of_second = |first: &Path, second: &Path| {
        let directory = support::directory_with(&[]);
        for (file, name) in [(first, "1.so"), (second, "2.so")] {
            std::fs::copy(file, directory.path().join(name)).unwrap();
        }
        // A process of its own: none forgets the names of what it has opened.
        let output = Command::new(e2e::solti_host())
            .args(["list", "--json"])
            .arg(directory.path())
            .output()
            .unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["loaded"][0]["file"], "1.so", "{report}");
        assert_eq!(report["rejected"][0]["file"], "2.so", "{report}");
        assert_eq!(report["rejected"][0]["code"], "soname_taken", "{report}");
        report["rejected"][0]["reason"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        refusal_of_second(&called, &asks),
        "it asks for libshared.so.1, which is the SONAME of 1.so: build the one that is called so \
         without a SONAME"
    );
    assert_eq!(
        refusal_of_second(&asks, &called),
        "its SONAME libshared.so.1 is a library that 1.so asks for: build the one that is called so \
         without a SONAME"
    );
}

/// What an allocator with the default settings of its crate does to a plugin.
#[cfg(target_os = "linux")]
#[test]
fn a_plugin_with_too_many_static_thread_locals_is_told_what_to_build_otherwise() {
    let place = tempfile::tempdir().unwrap();
    let link_arg = e2e::link_with_thread_locals(1 << 20, place.path());
    let directory = tempfile::tempdir().unwrap();
    let file = hello_built_with(directory.path(), &[link_arg]);
    assert!(
        solti_plugin_host::inspect::inspect(&std::fs::read(&file).unwrap())
            .requirements
            .static_tls
    );
    let complaints = support::complaints(&PluginLoader::new(), directory.path());
    let [complaint] = &complaints[..] else {
        panic!("{complaints:?}");
    };
    // Between them stands the path that the system opened.
    let begins = "hello.so: rejected at open: the system cannot load it: ";
    let ends = "cannot allocate memory in static TLS block; build its allocator without \
                initial-exec TLS (tikv-jemallocator: disable_initial_exec_tls, mimalloc: \
                local_dynamic_tls)";
    assert!(
        complaint.starts_with(begins) && complaint.ends_with(ends),
        "{complaint}"
    );
}

/// Each alone would do, and so a check of each alone says nothing.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn copies_that_together_take_all_static_thread_locals_are_refused_by_check_as_by_list() {
    let place = tempfile::tempdir().unwrap();
    let link_arg = e2e::link_with_thread_locals(100, place.path());
    let built = support::directory_with(&[]);
    let file = hello_built_with(built.path(), &[link_arg]);
    let needs = solti_plugin_host::inspect::inspect(&std::fs::read(&file).unwrap()).requirements;
    let needs = needs.static_tls_bytes.unwrap();
    let directory = support::directory_with(&[]);
    for number in 10..22 {
        let stem = directory.path().join(format!("p{number}"));
        std::fs::copy(&file, stem.with_extension("so")).unwrap();
        let name = format!("name = \"p{number}\"\n");
        std::fs::write(stem.with_extension("toml"), name).unwrap();
    }
    let report = |command: &str, fitting: &str| {
        let mut host = Command::new(e2e::solti_host());
        host.args([command, "--json"]).arg(directory.path());
        let output = host.env_remove("GLIBC_TUNABLES").output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let fitting = report[fitting].as_array().unwrap().len();
        let reason = report["rejected"][0]["reason"].as_str().unwrap().to_owned();
        (fitting, reason)
    };
    let (loaded, _) = report("list", "loaded");
    let (passed, reason) = report("check", "passed");
    assert_eq!(passed, loaded, "{reason}");
    let begins =
        format!("it needs {needs} bytes of static TLS, and of about 1,712 that a process has");
    assert!(reason.starts_with(&begins), "{reason}");
}

/// The host refuses one, too, by its stamp; its author hears of it first.
#[test]
fn a_plugin_whose_panics_would_end_the_host_does_not_compile() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .args(["rustc", "--lib", "-p", "hello", "--release", "--target-dir"])
        .arg(e2e::target_dir().join("fixtures"))
        .args(["--", "-Cpanic=abort"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    let error = "error: a plugin must be built with panic = \"unwind\": with \"abort\" any panic in it \
                 ends the host";
    assert!(said.lines().any(|line| line == error), "{said}");
}

/// Makes a library with nothing in it but its SONAME.
#[cfg(target_os = "linux")]
fn empty_library(directory: &Path, soname: &str) -> PathBuf {
    let library = directory.join(soname);
    let made = Command::new("cc")
        .args(["-shared", "-x", "c", "/dev/null"])
        .arg(format!("-Wl,-soname,{soname}"))
        .arg("-o")
        .arg(&library)
        .status();
    assert!(made.unwrap().success());
    library
}

/// The compiler's arguments for a plugin that asks for a library, to be looked for in `rpath` first.
#[cfg(target_os = "linux")]
fn linked_to(library: &Path, rpath: &str) -> [String; 3] {
    [
        "-Wl,--no-as-needed".to_owned(),
        library.display().to_string(),
        format!("-Wl,-rpath,{rpath}"),
    ]
    .map(|arg| format!("-Clink-arg={arg}"))
}

/// Puts `hello`, built with these arguments of the compiler, into the directory.
fn hello_built_with(directory: &Path, compiler_args: &[String]) -> PathBuf {
    built_with("hello", directory, compiler_args)
}

/// Puts a plugin, built with these arguments of the compiler, into the directory.
fn built_with(package: &str, directory: &Path, compiler_args: &[String]) -> PathBuf {
    // Each build writes to one place, from which it has to be fetched before the next.
    static BUILDING: Mutex<()> = Mutex::new(());
    let building = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
    let target = e2e::target_dir().join("fixtures");
    let built = e2e::build_linked(package, Profile::Release, &target, compiler_args);
    let file = directory.join(format!("{package}.{PLUGIN_SUFFIX}"));
    std::fs::copy(&built.plugins[package], &file).unwrap();
    drop(building);
    file
}

/// The compiler's arguments for a linker; `None` when that is not there or does not know what it is
/// given.
#[cfg(target_os = "linux")]
fn linked_by(linker: &str, link_args: &[&str]) -> Option<Vec<String>> {
    let works = Command::new("cc")
        .args(["-shared", "-x", "c", "/dev/null", "-o", "/dev/null"])
        .arg(format!("-fuse-ld={linker}"))
        .args(link_args)
        .output();
    let bundled = linker == "lld";
    if !bundled && !works.is_ok_and(|output| output.status.success()) {
        return None;
    }
    let linker = (!bundled).then(|| format!("-fuse-ld={linker}"));
    let link_args = link_args.iter().map(|arg| (*arg).to_owned());
    let link_args = linker.into_iter().chain(link_args);
    Some(link_args.map(|arg| format!("-Clink-arg={arg}")).collect())
}

/// The specimen of another toolchain, built in a folder of the target directory.
fn specimen_built_by(toolchain: &str, folder: &str) -> PathBuf {
    let target = e2e::target_dir().join(folder);
    let built = e2e::build_with(
        Some(toolchain),
        &["specimen"],
        Profile::Dev,
        &target,
        |_| {},
    );
    built.plugins["specimen"].clone()
}

/// A toolchain whose compiler is another version than the one in use; the oldest that is supported
/// where it is installed.
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
    let mut toolchains: Vec<_> = toolchains
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    toolchains.sort_by_key(|name| !name.starts_with(env!("CARGO_PKG_RUST_VERSION")));
    toolchains
        .into_iter()
        .find(|toolchain| {
            // One without a cargo of its own cannot build.
            version(&["run", toolchain, "cargo", "--version"]).is_some()
                && version(&["run", toolchain, "rustc", "--version"])
                    .is_some_and(|found| found != current)
        })
        .map(str::to_owned)
}
