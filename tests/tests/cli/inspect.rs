//! `solti-host inspect` and `solti-host check`: what is said of files that are not run.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use serde_json::{Value, json};

use crate::{Place, end, shown, solti_host};

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
        "  SHA256SUMS none in its directory".to_owned(),
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
    fs::set_permissions(&file, Permissions::from_mode(0o666)).unwrap();
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
            "the file can be changed by everybody (mode 0666): chmod go-w it, or trust all who can \
             change it (--trust-writable)",
            "SHA256SUMS does not list it: add it with sha256sum if it is meant to be there",
        ]
    );
    assert!(ended.stdout.contains("  plugin     hello"));
    assert_eq!(ended.code, Some(1));
    let missing = inspect(&["/no/such.so"]);
    assert_eq!(
        missing.stdout,
        "/no/such.so\n  problem    the file cannot be looked at: No such file or directory \
         (os error 2); see that it is there and stays there\n"
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
    let plugins = plugins.canonicalize().unwrap();
    let path = |name: &str| shown(plugins.join(name));
    assert_eq!(
        report,
        json!({
            "passed": [{
                "file": "hello.so", "path": path("hello.so"), "plugin": "hello", "version": VERSION, "abi": 1,
                "runners": [{ "name": "hello", "kinds": ["subprocess"], "labels": {} }],
            }],
            "rejected": [
                { "file": "second.so", "path": path("second.so"), "stage": "register", "code": "duplicate_name",
                  "reason": "a plugin named 'hello' was already loaded from hello.so: \
                             remove one of the two, or give it another name in its sidecar",
                  "advice": "remove one of the two, or give it another name in its sidecar" },
                { "file": "text.so", "path": path("text.so"), "stage": "inspect", "code": "not_a_library",
                  "reason": "not a shared library: it begins with \"just a text\\n\"; \
                             move it out of the plugin directory",
                  "advice": "move it out of the plugin directory" },
            ],
            "skipped": [{ "file": ".hidden.so", "path": path(".hidden.so"),
                          "reason": "a hidden name: rename it to load it",
                          "advice": "rename it to load it" }],
            "warnings": [],
        })
    );
    assert_eq!(ended.code, Some(1));
}

#[test]
fn files_of_several_directories_can_be_told_apart_and_one_that_is_missing_hides_none() {
    let (one, other) = (Place::with(&["hello"]), Place::with(&["hello"]));
    let canonical = |place: &Place| place.plugins().canonicalize().unwrap();
    let (one, other) = (canonical(&one), canonical(&other));
    fs::write(one.join("text.so"), "just a text\n").unwrap();
    fs::write(other.join(".new.so"), "").unwrap();
    let paths = [shown(&one), shown(&other), "/no/such/directory".to_owned()];
    let words = [&paths[0], &paths[1], &paths[2]].map(String::as_str);
    let error = "error: plugin directory /no/such: cannot be read: No such file or directory \
                 (os error 2); name the directory that holds the plugins\n";
    let ended = check(&words);
    assert_eq!((ended.stderr.as_str(), ended.code), (error, Some(2)));
    let first_cells: Vec<_> = ended
        .stdout
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let path = |directory: &Path, name: &str| shown(directory.join(name));
    for path in [
        path(&one, "hello.so"),
        path(&one, "text.so"),
        path(&other, "hello.so"),
        path(&other, ".new.so"),
    ] {
        assert!(first_cells.contains(&path.as_str()), "{path}: {ended:?}");
    }
    let last = "\n4 plugin files: 2 passed, 1 rejected, 1 skipped\n";
    assert!(ended.stdout.ends_with(last), "{}", ended.stdout);

    let ended = check(&[words.as_slice(), &["--json"]].concat());
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let found = |outcome: &str| {
        let files = report[outcome].as_array().unwrap().iter();
        files.map(|file| file["path"].clone()).collect::<Value>()
    };
    assert_eq!(
        ["passed", "rejected", "skipped"].map(found),
        [
            json!([path(&one, "hello.so"), path(&other, "hello.so")]),
            json!([path(&one, "text.so")]),
            json!([path(&other, ".new.so")]),
        ]
    );
    assert_eq!((ended.stderr.as_str(), ended.code), (error, Some(2)));

    let ended = check(&[&paths[2]]);
    assert_eq!((ended.stdout.as_str(), ended.code), ("", Some(2)));
}

#[test]
fn a_sound_file_whose_name_no_host_loads_does_not_pass() {
    let place = Place::with(&["hello"]);
    let at = |name: &str| place.plugins().canonicalize().unwrap().join(name);
    let names = [".h.so", "hello.so.1", "hello.so.bak"];
    for name in names {
        fs::copy(at("hello.so"), at(name)).unwrap();
    }
    let paths = names.map(|name| shown(at(name)));
    let mut words: Vec<_> = paths.iter().map(String::as_str).collect();
    words.push("--json");
    let ended = check(&words);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let skipped = |at: usize, reason| {
        json!({ "file": names[at], "path": paths[at], "reason": reason,
                "advice": "rename it to load it" })
    };
    assert_eq!(
        report,
        json!({
            "passed": [],
            "rejected": [],
            "skipped": [
                skipped(0, "a hidden name: rename it to load it"),
                skipped(1, "a name that does not end in .so: rename it to load it"),
                skipped(2, "a temporary name (.bak): rename it to load it"),
            ],
            "warnings": [],
        })
    );
    assert_eq!(ended.code, Some(0));

    fs::write(at(".h.so"), "just a text\n").unwrap();
    let ended = check(&[&paths[0]]);
    assert_eq!(ended.code, Some(1), "what is in it is looked at first");
    symlink("hello.so", at("another.so")).unwrap();
    for name in ["hello.so", "another.so"] {
        let ended = check(&[&shown(at(name)), "--json"]);
        let report: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(
            report["passed"][0]["file"], name,
            "a second name is none of these"
        );
    }
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
    fs::set_permissions(place.plugins(), Permissions::from_mode(0o777)).unwrap();
    let directory = place.plugins().canonicalize().unwrap();
    let refused = end(&mut place.exec(&["--", "hello", "you"]));
    assert_eq!(
        refused.stderr,
        format!(
            "error: plugin directory {0}: the directory {0} can be changed by everybody \
             (mode 0777); chmod go-w {0}, or trust all who can change it (--trust-writable)\n",
            directory.display()
        )
    );
    assert_eq!(refused.code, Some(125));
    let trusted = end(&mut place.exec(&["--trust-writable", "--", "hello", "you"]));
    assert_eq!(trusted.stdout, "hello, you\n");
    for subcommand in ["list", "check"] {
        let ended = end(solti_host()
            .args([subcommand, "--trust-writable"])
            .arg(place.plugins()));
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
}

/// What `inspect` says against a file, and what `check` refuses it for.
fn said_against(file: &str) -> (Vec<String>, Vec<String>) {
    let inspected: Value = serde_json::from_str(&inspect(&["--json", file]).stdout).unwrap();
    let checked: Value = serde_json::from_str(&check(&["--json", file]).stdout).unwrap();
    let texts = |texts: Vec<&Value>| {
        let texts = texts.into_iter().map(|text| text.as_str().unwrap());
        texts.map(str::to_owned).collect()
    };
    let rejected = checked["rejected"].as_array().unwrap();
    (
        texts(
            inspected[0]["problems"]
                .as_array()
                .unwrap()
                .iter()
                .collect(),
        ),
        texts(rejected.iter().map(|file| &file["reason"]).collect()),
    )
}

#[test]
fn inspect_sees_that_others_can_replace_what_a_link_leads_to() {
    let place = Place::with(&["hello"]);
    let plugins = place.plugins().canonicalize().unwrap();
    let sub = plugins.join("sub");
    fs::create_dir(&sub).unwrap();
    fs::rename(plugins.join("hello.so"), sub.join("hello.so")).unwrap();
    symlink("sub/hello.so", plugins.join("z.so")).unwrap();
    fs::set_permissions(&sub, Permissions::from_mode(0o777)).unwrap();
    let (inspected, refused) = said_against(&shown(plugins.join("z.so")));
    let expected = format!(
        "the directory {0} can be changed by everybody (mode 0777): chmod go-w {0}, or trust all \
         who can change it (--trust-writable)",
        sub.display()
    );
    assert_eq!(inspected, [expected.as_str()]);
    assert_eq!(refused, inspected);

    fs::set_permissions(&sub, Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&plugins, Permissions::from_mode(0o777)).unwrap();
    let ended = inspect(&[&shown(plugins.join("z.so"))]);
    let problems = ended.stdout.matches("  problem    the directory ").count();
    assert_eq!(problems, 1, "once for both: {}", ended.stdout);
}

#[test]
fn inspect_says_what_is_wrong_with_the_sidecar() {
    let place = Place::with(&["hello"]);
    let file = shown(place.plugins().join("hello.so"));
    let sidecar = place.plugins().join("hello.toml");
    let unusable = "its sidecar hello.toml cannot be used: ";
    let fifo = || mkfifo(&sidecar);
    let large = || fs::write(&sidecar, vec![b'#'; 5 << 20]).unwrap();
    let wrong = || fs::write(&sidecar, "enabled = true\nlables = 1\n").unwrap();
    let cases: [(&dyn Fn(), String); 3] = [
        (
            &fifo,
            format!("{unusable}a FIFO, expected a regular file; put a regular file in its place"),
        ),
        (
            &large,
            format!(
                "{unusable}the file has 5,242,880 bytes, the host reads 4,194,304 at most; put the \
                 right file in its place"
            ),
        ),
        (
            &wrong,
            "its sidecar hello.toml, line 2, column 1 (lables = 1): lables: unknown field, expected \
             enabled, name, labels or config; correct the sidecar"
                .to_owned(),
        ),
    ];
    for (write, expected) in cases {
        fs::remove_file(&sidecar).ok();
        write();
        let (inspected, refused) = said_against(&file);
        assert_eq!(inspected, [expected]);
        assert_eq!(refused, inspected);
    }
}

#[test]
fn a_link_within_its_directory_is_none_out_of_it_however_the_directory_is_named() {
    let place = Place::with(&["hello"]);
    symlink("hello.so", place.plugins().join("current.so")).unwrap();
    symlink("plugins", place.directory.path().join("linked")).unwrap();
    fs::create_dir(place.directory.path().join("ok")).unwrap();
    for (from, file) in [
        ("ok", "../plugins/current.so"),
        ("ok", "../linked/current.so"),
        ("linked", "current.so"),
    ] {
        let mut command = solti_host();
        command.current_dir(place.directory.path().join(from));
        let ended = end(command.args(["inspect", file]));
        assert!(
            ended.stdout.ends_with("\n  problems   none\n"),
            "{from} {file}: {}",
            ended.stdout
        );
        assert_eq!(ended.code, Some(0));
    }
    let (inspected, _) = said_against("..");
    assert_eq!(
        inspected,
        ["a directory, and inspect looks at files: name ../*.so"],
        "a path without a name"
    );
}

#[test]
fn a_list_of_digests_that_cannot_be_used_lists_nothing() {
    let place = Place::with(&["hello"]);
    let file = shown(place.plugins().join("hello.so"));
    let sums = place.plugins().join("SHA256SUMS");
    let listed = |file: &str| {
        let ended = inspect(&[file, "--json"]);
        let all: Value = serde_json::from_str(&ended.stdout).unwrap();
        let text = inspect(&[file]).stdout;
        let line = text.lines().find(|line| line.contains("  SHA256SUMS "));
        (all[0]["listed"].clone(), line.unwrap().to_owned())
    };
    mkfifo(&sums);
    let unusable = "  SHA256SUMS cannot be used".to_owned();
    assert_eq!(listed(&file), (json!(false), unusable));
    let (inspected, refused) = said_against(&file);
    assert_eq!(
        inspected,
        [
            "SHA256SUMS cannot be used: a FIFO, expected a regular file; put a regular file in its \
          place"
        ]
    );
    assert_eq!(refused, inspected);

    fs::remove_file(&sums).unwrap();
    fs::write(&sums, "").unwrap();
    let not_listed = "  SHA256SUMS does not list the file".to_owned();
    assert_eq!(listed(&file), (json!(false), not_listed));
    fs::write(&sums, format!("{}  hello.so\n", "0".repeat(64))).unwrap();
    let lists = "  SHA256SUMS lists the file".to_owned();
    assert_eq!(listed(&file), (json!(true), lists), "with another digest");
}

#[test]
fn inspect_refuses_a_staging_directory_that_check_refuses() {
    let place = Place::with(&["hello"]);
    let file = shown(place.plugins().join("hello.so"));
    let copies = place
        .directory
        .path()
        .canonicalize()
        .unwrap()
        .join("copies");
    fs::create_dir(&copies).unwrap();
    fs::set_permissions(&copies, Permissions::from_mode(0o777)).unwrap();
    let ended = inspect(&[&file, "--stage-in", &shown(&copies)]);
    let problem = format!(
        "\n  problem    the directory {0} can be changed by everybody (mode 0777): chmod go-w {0}, \
         or trust all who can change it (--trust-writable)\n",
        copies.display()
    );
    assert!(ended.stdout.ends_with(&problem), "{}", ended.stdout);
    assert_eq!(ended.code, Some(1));
    fs::remove_dir(&copies).unwrap();
    let ended = inspect(&[&file, "--stage-in", &shown(&copies)]);
    let problem = format!(
        "\n  problem    the directory {} cannot be read: No such file or directory (os error 2); \
         see that it is there and stays there\n",
        copies.display()
    );
    assert!(ended.stdout.ends_with(&problem), "{}", ended.stdout);
}

fn mkfifo(path: &Path) {
    let mode = rustix::fs::Mode::from(0o644);
    let kind = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, path, kind, mode, 0).unwrap();
}
