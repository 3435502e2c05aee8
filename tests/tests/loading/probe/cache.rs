//! What is remembered of probes.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::place::{Place, SOON};

#[test]
fn what_probes_found_is_kept_across_restarts_until_it_is_forgotten_or_the_file_is_built_anew() {
    let place = Place::new().with("a-hostile", "abort");
    let state = tempfile::tempdir().unwrap();
    let state = state.path().to_str().unwrap();
    let list = || place.list(&["--state", state]);
    let crashed = "the probe process was killed by signal 6 (SIGABRT)";
    let fresh = format!("{crashed}: install a fixed version of the plugin");
    assert_eq!(list().reasons(), [&*fresh]);

    let run = list();
    let reason = &run.reasons()[0];
    let begins = format!("{crashed} (found at 2");
    assert!(reason.starts_with(&begins), "{reason}");
    let ends =
        "Z): install a fixed version of the plugin, or have it probed again (solti-host forget)";
    assert!(reason.ends_with(ends), "{reason}");
    assert_eq!(run.report["rejected"][0]["code"], "remembered");
    assert_eq!(run.report["loaded"][0]["probe"]["result"], "remembered");

    let file = place.path().join("a-hostile.so");
    let digest = &run.report["rejected"][0]["sha256"];
    let digest = digest.as_str().unwrap();
    let forgot = format!("forgot hostile 0.1.0, sha256 {digest}: {crashed}\n");
    let shown = file.to_str().unwrap();
    assert_eq!(forget(state, &[shown]), (forgot.clone(), String::new(), 0));
    assert_eq!(list().reasons(), [&*fresh]);
    assert_eq!(forget(state, &[&digest[..8]]), (forgot, String::new(), 0));
    let nothing = format!("warning: nothing was remembered about {shown}\n");
    assert_eq!(forget(state, &[shown]), (String::new(), nothing, 1));

    // All that is left is that the good one passed.
    let (stdout, stderr, code) = forget(state, &[]);
    assert!(
        stdout.starts_with("forgot hello 0.1.0, sha256 "),
        "{stdout}"
    );
    assert!(stdout.ends_with(": it passed\n"), "{stdout}");
    assert_eq!((stdout.lines().count(), stderr.as_str(), code), (1, "", 0));
    let nothing = format!("warning: nothing was remembered in {state}\n");
    assert_eq!(forget(state, &[]), (String::new(), nothing, 0));

    // A mistyped directory has nothing in it, and is told from one that has nothing.
    let mistyped = "error: the state directory /no/such/state: No such file or directory (os error \
                    2)\n";
    let expected = (String::new(), mistyped.to_owned(), 2);
    assert_eq!(forget("/no/such/state", &[]), expected);

    // Another file of that name is another digest.
    list();
    let place = place.with("a-hostile", "none");
    let run = place.list(&["--state", state]);
    assert_eq!(run.report["rejected"], json!([]));
    assert_eq!(run.report["loaded"][0]["probe"]["result"], "passed");
}

#[test]
fn a_state_that_cannot_be_read_is_ignored_with_a_warning() {
    let place = Place::new();
    let state = tempfile::tempdir().unwrap();
    let arguments = ["--state", state.path().to_str().unwrap()];
    place.list(&arguments);
    let kept: Vec<_> = fs::read_dir(state.path().join("probes"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(kept.len(), 1);
    let good = fs::read_to_string(&kept[0]).unwrap();
    let mut future: Value = serde_json::from_str(&good).unwrap();
    future["at"]["secs_since_epoch"] = json!(300_000_000_000_u64);
    let write = |text: &str| fs::write(&kept[0], text).unwrap();
    let fifo = || {
        fs::remove_file(&kept[0]).unwrap();
        let made = Command::new("mkfifo").arg(&kept[0]).status().unwrap();
        assert!(made.success());
    };
    let mut of_another: Value = serde_json::from_str(&good).unwrap();
    of_another["digest"] = json!("0".repeat(64));
    let open_to_others = || {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o666);
        fs::set_permissions(&kept[0], mode).unwrap();
    };
    let unreadable: [(&dyn Fn(), _); 6] = [
        (
            &|| write(&of_another.to_string()),
            "it is about another file",
        ),
        (&open_to_others, "others can change it"),
        (
            &|| {
                fs::remove_file(&kept[0]).unwrap();
                write(&" ".repeat(2 << 20));
            },
            "it is too large for a result",
        ),
        (&|| write("{"), "EOF while parsing"),
        (
            &|| write(&future.to_string()),
            "its timestamp is in the future",
        ),
        (&fifo, "it is not a regular file"),
    ];
    for (spoil, why) in unreadable {
        spoil();
        let run = place.list(&arguments);
        assert_eq!(run.report["loaded"][0]["probe"]["result"], "passed");
        let warning = format!("{} is ignored: {why}", kept[0].display());
        assert!(run.stderr.contains(&warning), "{}", run.stderr);
        // It was written anew.
        let run = place.list(&arguments);
        assert_eq!(run.report["loaded"][0]["probe"]["result"], "remembered");
    }
}

#[test]
fn what_to_forget_has_to_be_a_file_or_a_digest() {
    let state = tempfile::tempdir().unwrap();
    let state = state.path().to_str().unwrap();
    let (_, stderr, code) = forget(state, &["/no/such/file.so"]);
    assert_eq!(
        (stderr.as_str(), code),
        (
            "error: /no/such/file.so: neither a file nor at least 8 hex digits of a digest\n",
            2
        )
    );
}

/// `solti-host forget` with these arguments: what it prints, and its exit code.
fn forget(state: &str, arguments: &[&str]) -> (String, String, i32) {
    let mut host = Command::new(e2e::solti_host());
    host.args(["forget", "--state", state]).args(arguments);
    let output = assert_cmd::Command::from_std(host)
        .timeout(SOON)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap();
    (text(output.stdout), text(output.stderr), code)
}
