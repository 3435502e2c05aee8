//! What a plugin says of its configuration: `solti-host config`, and what is refused by it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::{Place, end, hello, shown, solti_host};

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn config(words: &[&str]) -> crate::Ended {
    end(solti_host().arg("config").args(words))
}

#[test]
fn a_sidecar_that_is_written_changes_nothing_and_all_it_offers_is_taken() {
    let place = Place::with(&["subprocess", "wasm", "container", "hello"]);
    let file = |name: &str| place.plugins().join(name).display().to_string();
    let subprocess = config(&[&file("subprocess.so")]);
    assert_eq!((subprocess.code, subprocess.stderr.as_str()), (Some(0), ""));
    assert_eq!(
        subprocess.stdout,
        format!(
            "\
# What can be set for the plugin subprocess {VERSION}. Take the # from the beginning of a line to set it.

# false leaves the plugin alone.
#enabled = true

# Another name, so that the plugin can be there twice.
#name = \"subprocess\"

# What the runnerSelector of a task can ask for.
#[labels]

[config]
# The longest line of output, in bytes, that is passed on whole.
# Value: a whole number from 1 to 4294967295.
#max_line_bytes = 65536

# How long a cancelled task may take to end by itself, in milliseconds; 0 kills it at once.
# Without it, four fifths of the time that the host gives it.
# Value: a whole number of 0 or more.
#stop_grace_ms = 1

# What ends a task.
# process: The process that was started; what it leaves behind may hold the output for a while.
# output: The last process that can write to the output.
# Value: process or output.
#ends_with = \"process\"

# How long the output of a task is read on, in milliseconds, when its process has ended and
# others still hold it.
# Value: a whole number of 0 or more.
#linger_ms = 5000
"
        )
    );
    assert!(
        config(&[&file("hello.so")])
            .stdout
            .ends_with("\n# The plugin takes no [config].\n")
    );
    for name in ["subprocess", "wasm", "container", "hello"] {
        let library = file(&format!("{name}.so"));
        let written = config(&["--write", &library]);
        let sidecar = file(&format!("{name}.toml"));
        assert_eq!(written.stdout, format!("wrote {sidecar}\n"), "{written:?}");
        let again = config(&["--write", &library]);
        assert_eq!(
            (again.code, again.stderr),
            (
                Some(2),
                format!(
                    "error: {sidecar} is there already; print it without --write, and compare\n"
                )
            )
        );
        let mode = fs::metadata(&sidecar).unwrap().permissions().mode();
        assert_eq!(mode & 0o022, 0, "{mode:o}");
    }
    let load = || end(solti_host().arg("list").arg(place.plugins()));
    assert!(load().stdout.contains(": 4 loaded, 0 rejected, 0 skipped"));
    // Each setting as it stands there is one that the plugin takes.
    for name in ["subprocess", "container", "hello"] {
        let sidecar = place.plugins().join(format!("{name}.toml"));
        let text = fs::read_to_string(&sidecar).unwrap();
        let set: Vec<_> = text
            .lines()
            .map(|line| match line.strip_prefix('#') {
                // What says nothing of the machine is set.
                Some(set) if !set.starts_with(' ') && !is_of_machine(set) => set,
                _ => line,
            })
            .collect();
        fs::write(&sidecar, set.join("\n")).unwrap();
    }
    let listed = load();
    assert!(
        listed.stdout.contains(": 4 loaded, 0 rejected, 0 skipped"),
        "{}",
        listed.stdout
    );
}

/// Whether a setting names what only some machines have.
fn is_of_machine(line: &str) -> bool {
    ["engine", "runtime", "memory", "user"]
        .iter()
        .any(|name| line.starts_with(&format!("{name} =")))
}

#[test]
fn what_can_be_set_is_shown_wherever_a_plugin_is_looked_at() {
    let place = Place::with(&["wasm"]);
    let file = place.plugins().join("wasm.so").display().to_string();
    let schema: Value = serde_json::from_str(&config(&["--json", &file]).stdout).unwrap();
    assert_eq!(
        schema["properties"]["max_memory_bytes"]["default"],
        64 << 20
    );
    let inspected = end(solti_host().args(["inspect", "--json", &file]));
    let inspected: Value = serde_json::from_str(&inspected.stdout).unwrap();
    assert_eq!(inspected[0]["stamp"]["config"], schema);
    let text = end(solti_host().args(["inspect", &file])).stdout;
    for line in [
        "  config     engine: wasmi or wasmtime, \"wasmi\" by default. What runs the modules. wasmi: An \
         interpreter. wasmtime: A compiler, in builds that have it.",
        "  config     directories[].host: a path, required. Where it is.",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
    }
    let listed = end(solti_host()
        .arg("list")
        .arg("--verbose")
        .arg(place.plugins()))
    .stdout;
    assert!(
        listed.contains("configuration of wasm:") && listed.contains("directories[].writable"),
        "{listed}"
    );
    let quiet = end(solti_host().arg("list").arg(place.plugins())).stdout;
    assert!(!quiet.contains("configuration of wasm"), "{quiet}");
}

/// The plugin's code would say the same, but here there is no other process to try it in.
#[test]
fn a_wrong_sidecar_is_refused_before_anything_of_the_plugin_runs() {
    let place = Place::with(&["specimen", "subprocess"]);
    let specs = place.file("specs.json", hello("a", "you"));
    for (config, said) in [
        (
            "linger_ms = \"5s\"",
            "config.linger_ms: expected a whole number of 0 or more, found \"5s\"; correct it in \
             subprocess.toml",
        ),
        (
            "ends_with = \"both\"",
            "config.ends_with: expected process or output, found \"both\"; correct it in subprocess.toml",
        ),
        (
            "lingers = 1",
            "config.lingers: unknown field, expected max_line_bytes, stop_grace_ms, ends_with or \
             linger_ms; correct it in subprocess.toml",
        ),
    ] {
        let sidecar = place.plugins().join("subprocess.toml");
        fs::write(sidecar, format!("[config]\n{config}\n")).unwrap();
        let ended = end(place.run(&["--no-probe", &specs]).env("LD_DEBUG", "files"));
        let line = format!("warning: subprocess.so: rejected at connect: {said}");
        assert!(
            ended.stderr.lines().any(|found| found == line),
            "{line}\n{}",
            ended.stderr
        );
        // The other plugin is there, and not one byte of this one was run.
        let begun = ended
            .stderr
            .lines()
            .filter(|line| line.contains("calling init: /proc/"));
        assert_eq!(begun.count(), 1, "{}", ended.stderr);
    }
}

#[test]
fn a_file_that_does_not_say_what_can_be_set_is_told_of() {
    let place = Place::with(&["specimen"]);
    let file = place.plugins().join("specimen.so").display().to_string();
    let ended = config(&[&file]);
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.stdout.ends_with(
            "\n# The plugin does not say what can be set: see its documentation.\n#[config]\n"
        ),
        "{}",
        ended.stdout
    );
    let ended = config(&["--json", &file]);
    assert_eq!(
        ended.stderr,
        format!("error: {file}: the file does not say what can be set: see its documentation\n")
    );
    let text = place.file("no.so", "no library");
    let ended = config(&[&text]);
    assert_eq!(ended.code, Some(1));
    assert!(
        ended
            .stderr
            .starts_with(&format!("error: {}: ", shown(&text))),
        "{}",
        ended.stderr
    );
}
