//! The program and its plugins on aarch64: qemu runs them on this machine.
//!
//! What cannot run like that is a host that starts itself as a probe, since the system does not know
//! how to start a program of another machine. So the probe here is a script that starts the emulator.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use e2e::{Built, Profile};
use serde_json::{Value, json};

use crate::{Place, end, hello, shell, solti_host};

const TARGET: &str = "aarch64-unknown-linux-gnu";
const LINKER: &str = "aarch64-linux-gnu-gcc";
/// The emulator, and where it finds the libraries of that machine.
const EMULATOR: &str = "qemu-aarch64";
const LIBRARIES: &str = "/usr/aarch64-linux-gnu";

/// Everything built for aarch64; `None` where it is not asked for, or this machine cannot build it or
/// run it, which is said.
fn built() -> Option<&'static Built> {
    static BUILT: OnceLock<Built> = OnceLock::new();
    let can_run = |program| Command::new(program).arg("--version").output().is_ok();
    if !e2e::is_thorough() {
        e2e::skip("a build for aarch64 takes minutes: SOLTI_THOROUGH=1 asks for it");
        return None;
    }
    if !can_run(EMULATOR) || !can_run(LINKER) || !has_target() {
        e2e::skip("there is no emulator, no linker or no standard library for aarch64");
        return None;
    }
    Some(BUILT.get_or_init(|| {
        let packages = ["hello", "prober", "solti-host", "specimen", "subprocess"];
        let target_dir = e2e::target_dir();
        e2e::build(&packages, Profile::Dev, &target_dir, |cargo| {
            // The service is not what differs there, and takes as long to build as all the rest.
            cargo.args(["--target", TARGET, "--no-default-features"]);
            cargo.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", LINKER);
            // It runs a few times, and slowly anyhow.
            cargo.env("CARGO_PROFILE_DEV_OPT_LEVEL", "0");
            cargo.env("CARGO_PROFILE_DEV_DEBUG", "none");
        })
    }))
}

/// Whether the compiler has the standard library of that machine.
fn has_target() -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output();
    output.is_ok_and(|output| {
        let libraries = String::from_utf8(output.stdout).unwrap();
        Path::new(libraries.trim_end()).exists()
    })
}

/// A directory with plugins for aarch64.
fn place_with(built: &Built, packages: &[&str]) -> Place {
    let place = Place::with(&[]);
    for package in packages {
        let file = place.plugins().join(format!("{package}.so"));
        fs::copy(&built.plugins[*package], &file).unwrap();
    }
    place
}

/// A program for aarch64, to be run here.
fn emulated(program: &Path) -> Command {
    let mut command = Command::new(EMULATOR);
    command.args(["-L", LIBRARIES]).arg(program);
    command
}

/// A program of this machine that runs one for aarch64.
fn script(place: &Place, program: &Path) -> PathBuf {
    let script = place.file(
        "emulated",
        format!(
            "#!/bin/sh\nexec {EMULATOR} -L {LIBRARIES} {} \"$@\"\n",
            program.display()
        ),
    );
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    script.into()
}

#[test]
fn plugins_for_aarch64_are_loaded_and_run_by_a_host_for_aarch64() {
    let Some(built) = built() else { return };
    let place = place_with(built, &["hello", "subprocess"]);
    let run = |words: &[&str]| {
        let mut host = emulated(&built.programs["solti-host"]);
        host.args(words).arg("--no-probe");
        host
    };
    let plugins = place.plugins().display().to_string();

    let checked = end(&mut run(&["check", &plugins]));
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert!(
        checked
            .stdout
            .ends_with("2 plugin files: 2 passed, 0 rejected, 0 skipped\n"),
        "{checked:?}"
    );
    let listed = end(&mut run(&["list", "--json", &plugins]));
    let report: Value = serde_json::from_str(&listed.stdout).unwrap();
    assert_eq!(report["loaded"].as_array().unwrap().len(), 2, "{report}");
    assert_eq!(report["rejected"], json!([]));

    let executed = end(run(&["exec", "--plugins", &plugins]).args(["--", "echo", "out"]));
    assert_eq!(
        (executed.stdout.as_str(), executed.code),
        ("out\n", Some(0)),
        "{executed:?}"
    );
    let specs = json!([hello("a", "you"), shell("b", "echo out; exit 7")]);
    let specs = place.file("specs.json", specs);
    let ended = end(run(&["run", "--plugins", &plugins]).arg(specs));
    let mut lines: Vec<_> = ended.stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["a │ hello, you", "b │ out"], "{ended:?}");
    assert_eq!(ended.code, Some(1), "{ended:?}");
}

#[test]
fn plugins_for_aarch64_are_probed_by_another_process_for_aarch64() {
    let Some(built) = built() else { return };
    let place = place_with(built, &["hello", "specimen"]);
    // Only in the probe this one fails.
    let sidecar = place.plugins().join("specimen.toml");
    fs::write(sidecar, "[config]\nfail_in_probe = true\n").unwrap();
    let probe = script(&place, &built.programs["solti-host"]);
    let mut prober = emulated(&built.programs["prober"]);
    let ended = end(prober.arg(probe).arg(place.plugins()));
    let lines: Vec<_> = ended.stdout.lines().collect();
    let [hello, specimen] = lines[..] else {
        panic!("{ended:?}");
    };
    assert!(hello.starts_with("hello.so: loaded, Passed"), "{hello}");
    assert!(
        specimen.starts_with("specimen.so: rejected at probe: told to fail in a probe"),
        "{specimen}"
    );
}

#[test]
fn a_plugin_for_another_machine_is_refused_in_words_on_either() {
    let Some(built) = built() else { return };
    let reason = |host: &mut Command, place: &Place| {
        let ended = end(host.args(["list", "--json"]).arg(place.plugins()));
        let report: Value = serde_json::from_str(&ended.stdout).unwrap();
        report["rejected"][0]["reason"].as_str().unwrap().to_owned()
    };
    let here = std::env::consts::ARCH;
    assert_eq!(
        reason(&mut solti_host(), &place_with(built, &["hello"])),
        format!("built for aarch64, but this host is {here}: build it for {here}")
    );
    assert_eq!(
        reason(
            &mut emulated(&built.programs["solti-host"]),
            &Place::with(&["hello"])
        ),
        format!("built for {here}, but this host is aarch64: build it for aarch64")
    );
}
