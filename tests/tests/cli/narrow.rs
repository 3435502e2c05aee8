//! Terminals that are narrow, do not say how wide they are, or show nothing but ASCII.

use std::fs;
use std::process::Command;

use serde_json::json;

use crate::{Place, command, end, shell, solti_host};

fn place() -> Place {
    let place = Place::with(&["hello", "subprocess"]);
    fs::write(place.plugins().join("text.so"), "just a text\n").unwrap();
    place
}

/// What `solti-host list` prints on a terminal that `stty` has been told to be like this.
fn on_a_terminal(place: &Place, size: &str) -> String {
    let list = format!(
        "stty {size}; {} list {}",
        e2e::solti_host().display(),
        place.plugins().display()
    );
    let mut script = Command::new("script");
    script
        .args(["-qec", &list, "/dev/null"])
        .env_remove("COLUMNS");
    script
        .env("TERM", "xterm")
        .env("LC_ALL", "C.UTF-8")
        .env("NO_COLOR", "1");
    let text = end(&mut script).stdout.replace("\r\n", "\n");
    // Behind the bar that a slow machine shows, and removes, while plugins load.
    let shown = text.rsplit('\u{1b}').next().unwrap();
    shown.strip_prefix("[2K").unwrap_or(shown).to_owned()
}

fn widest(text: &str) -> usize {
    let lines = text.lines();
    // The last has the directory's path, which is as long as it is.
    let table = lines.filter(|line| !line.contains(" plugin files in "));
    table.map(|line| line.chars().count()).max().unwrap()
}

#[test]
fn a_narrow_terminal_gets_a_line_for_each_cell_instead_of_words_in_pieces() {
    let place = place();
    let text = on_a_terminal(&place, "cols 40");
    let begin = "\
file     hello.so
plugin   hello
version  0.1.0
runner   hello
kinds    subprocess

file     subprocess.so
plugin   subprocess
version  0.1.0
runner   subprocess
kinds    subprocess
rejected  text.so
stage     inspect
reason    not a shared library: it
          begins with \"just a text\\n\";
          move it out of the plugin
          directory
3 plugin files in ";
    assert!(text.starts_with(begin), "{text}");
    assert!(widest(&text) <= 40, "{text}");
}

#[test]
fn no_line_of_a_table_is_wider_than_the_terminal_and_one_of_unknown_width_has_80() {
    let place = place();
    for (size, width) in [("cols 60", 60), ("cols 100", 100), ("cols 0 rows 0", 80)] {
        let text = on_a_terminal(&place, size);
        assert!(widest(&text) <= width, "{size}:\n{text}");
        // No word of the reason is broken.
        let words: Vec<_> = text.split_whitespace().collect();
        for word in ["subprocess.so", "library:", "directory"] {
            assert!(words.contains(&word), "{size}: {word} in\n{text}");
        }
    }
    assert!(on_a_terminal(&place, "cols 0 rows 0").contains('═'));
}

#[test]
fn where_no_terminal_is_columns_decides_and_else_no_line_is_broken() {
    let place = place();
    let list = |columns: Option<&str>| {
        let mut list = solti_host();
        list.arg("list").arg(place.plugins());
        list.envs(columns.map(|columns| ("COLUMNS", columns)));
        end(&mut list).stdout
    };
    assert!(widest(&list(Some("60"))) <= 60);
    let reason = "not a shared library: it begins with \"just a text\\n\"; move it out of the plugin \
                  directory";
    for columns in [None, Some("many"), Some("0")] {
        assert!(list(columns).contains(reason), "{columns:?}");
    }
}

#[test]
fn nothing_but_ascii_is_printed_where_nothing_else_is_shown() {
    let place = place();
    let specs = json!([
        shell("a", "echo out; echo err >&2; exit 1"),
        // What is pushed as one line and has several goes on after a sign of its own.
        shell("b", "head -c 70000 /dev/zero | tr '\\0' x"),
        command("none", "/no/such/program", &[]),
    ]);
    let specs = place.file("specs.json", specs);
    for (variable, value) in [
        ("LC_ALL", "C"),
        ("LANG", "C"),
        ("LANG", "POSIX"),
        ("TERM", "dumb"),
    ] {
        for command in [
            &mut place.run(&["--timestamps", &specs]),
            &mut place.run(&["--check", &specs]),
            solti_host().arg("list").arg(place.plugins()),
            solti_host().arg("check").arg(place.plugins()),
        ] {
            let ended = end(command.env(variable, value));
            let text = ended.stdout + &ended.stderr;
            let other = text.chars().find(|c| !c.is_ascii());
            assert_eq!(other, None, "{variable}={value}: {text}");
        }
        let ended = end(place.exec(&["--json", "--", "true"]).env(variable, value));
        assert_eq!(ended.code, Some(0));
        let ended = end(place.run(&[&specs]).env(variable, value));
        let mut lines: Vec<_> = ended
            .stdout
            .lines()
            .filter(|line| line.starts_with('a'))
            .collect();
        lines.sort_unstable();
        assert_eq!(lines, ["a    ! err", "a    | out"]);
    }
}
