//! `solti-host inspect` and `solti-host check`: what is said of files that are not run.

use std::fs;

use serde_json::{Value, json};

use crate::{Place, end, solti_host};

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn inspect(words: &[&str]) -> crate::Ended {
    end(solti_host().arg("inspect").args(words))
}

fn check(words: &[&str]) -> crate::Ended {
    end(solti_host().arg("check").args(words))
}

#[test]
fn all_that_a_file_says_is_shown_without_running_it() {
    let place = Place::with(&["hello"]);
    let file = place.plugins().join("hello.so").display().to_string();
    let ended = inspect(&["--json", &file]);
    let all: Value = serde_json::from_str(&ended.stdout).unwrap();
    let shown = &all[0];
    assert_eq!(shown["path"], file);
    assert_eq!(shown["problems"], json!([]));
    assert_eq!(shown["stamp"]["plugin"], "hello");
    assert_eq!(shown["stamp"]["version"], VERSION);
    assert_eq!(shown["stamp"]["panic"], "unwind");
    assert_eq!(
        shown["stamp"]["runners"],
        json!([{ "name": "hello", "kinds": ["subprocess"], "labels": {} }])
    );
    assert_eq!(shown["signature"], json!({ "state": "absent" }));
    assert_eq!(shown["listed"], Value::Null);
    assert_eq!(shown["size"], fs::metadata(&file).unwrap().len());
    assert_eq!(ended.code, Some(0));

    let text = inspect(&[&file]).stdout;
    for line in [
        format!("  plugin     hello {VERSION}"),
        "  runner     hello (subprocess)".to_owned(),
        "  signature  none".to_owned(),
        "  SHA256SUMS none here".to_owned(),
        "  problems   none".to_owned(),
        format!("  sha256     {}", shown["sha256"].as_str().unwrap()),
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
    }
}

#[test]
fn everything_that_speaks_against_a_file_is_shown_with_what_is_known_of_it() {
    let place = Place::with(&["hello"]);
    let file = place.plugins().join("hello.so");
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    fs::write(place.plugins().join("SHA256SUMS"), "").unwrap();
    let file = file.display().to_string();
    let ended = inspect(&[&file]);
    let problems: Vec<_> = ended
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("  problem    "))
        .collect();
    assert_eq!(
        problems,
        [
            "the file can be changed by everybody (mode 0666): chmod go-w it, or trust them all \
             (--trust-writable)",
            "SHA256SUMS does not list it: add it with sha256sum if it is meant to be there",
        ]
    );
    assert!(ended.stdout.contains("  plugin     hello"));
    assert_eq!(ended.code, Some(1));
    let missing = inspect(&["/no/such.so"]);
    assert_eq!(
        missing.stdout,
        "/no/such.so\n  problem    cannot be read: No such file or directory (os error 2)\n"
    );
    assert_eq!(missing.code, Some(1));
}

#[test]
fn a_directory_is_checked_as_it_would_be_loaded_and_one_bad_file_is_exit_code_1() {
    let place = Place::with(&["hello"]);
    let plugins = place.plugins();
    let directory = plugins.display().to_string();
    assert_eq!(check(&[&directory]).code, Some(0));

    fs::copy(plugins.join("hello.so"), plugins.join("second.so")).unwrap();
    fs::write(plugins.join("text.so"), "just a text\n").unwrap();
    fs::write(plugins.join(".hidden.so"), "").unwrap();
    let ended = check(&[&directory, "--json"]);
    let report = e2e::unmeasured(serde_json::from_str(&ended.stdout).unwrap());
    assert_eq!(
        report,
        json!({
            "passed": [{
                "file": "hello.so", "plugin": "hello", "version": VERSION, "abi": 1,
                "runners": [{ "name": "hello", "kinds": ["subprocess"] }],
            }],
            "rejected": [
                { "file": "second.so", "stage": "register", "code": "duplicate_name",
                  "reason": "a plugin named 'hello' was already loaded from hello.so: \
                             remove one of the two, or give it another name in its sidecar",
                  "advice": "remove one of the two, or give it another name in its sidecar" },
                { "file": "text.so", "stage": "inspect", "code": "not_a_library",
                  "reason": "not a shared library: it begins with \"just a text\\n\"; \
                             move it out of the plugin directory",
                  "advice": "move it out of the plugin directory" },
            ],
            "skipped": [{ "file": ".hidden.so", "reason": "a hidden name: rename it to load it" }],
        })
    );
    assert_eq!(ended.code, Some(1));
}

#[test]
fn single_files_are_checked_and_counted() {
    let place = Place::with(&["hello"]);
    let file = |name: &str| place.plugins().join(name).display().to_string();
    fs::write(file("text.so"), "just a text\n").unwrap();
    let ended = check(&[&file("hello.so"), &file("text.so")]);
    assert!(
        ended
            .stdout
            .ends_with("2 plugin files: 1 passed, 1 rejected, 0 skipped\n"),
        "{}",
        ended.stdout
    );
    assert_eq!(ended.code, Some(1));
    assert_eq!(check(&[&file("hello.so")]).code, Some(0));
}

#[test]
fn the_ways_out_of_the_policy_are_words_of_every_command_that_loads() {
    let place = Place::with(&["hello"]);
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(place.plugins(), fs::Permissions::from_mode(0o777)).unwrap();
    let directory = place.plugins().canonicalize().unwrap();
    let refused = end(&mut place.exec(&["--", "hello", "you"]));
    assert_eq!(
        refused.stderr,
        format!(
            "error: plugin directory {0}: the directory {0} can be changed by everybody \
             (mode 0777): chmod go-w {0}, or trust them all (--trust-writable)\n",
            directory.display()
        )
    );
    assert_eq!(refused.code, Some(2));
    let trusted = end(&mut place.exec(&["--trust-writable", "--", "hello", "you"]));
    assert_eq!(trusted.stdout, "hello, you\n");
    for subcommand in ["list", "check"] {
        let ended = end(solti_host()
            .args([subcommand, "--trust-writable"])
            .arg(place.plugins()));
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
}
