//! The limits of a process: each that ends the program is named.

use std::fs;

use crate::{Ended, Place, end, hello, shown, solti_host};

/// Runs the program in a shell that has set a limit, such as `-f 100`.
fn limited(limit: &str, words: &[&str]) -> Ended {
    let host = shown(e2e::solti_host());
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &format!("ulimit {limit} && exec \"$@\""), "sh", &host]);
    shell.args(words).env_remove("RUST_LOG");
    end(&mut shell)
}

#[test]
fn a_limit_on_the_size_of_files_is_named_and_ends_nothing() {
    let place = Place::with(&["hello"]);
    let plugins = shown(place.plugins());
    // In blocks of 512 bytes: a plugin has more.
    let ended = limited("-f 100", &["list", &plugins]);
    let limit = "File too large (os error 27); raise the host's limit on the size of files (ulimit -f), \
                 then try again";
    let words: Vec<_> = ended.stdout.split_whitespace().collect();
    let said = words.join(" ");
    assert!(
        said.contains("(ulimit -f)") && said.contains("File too large"),
        "{limit}: {said}"
    );
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let ended = limited(
        "-f 100",
        &["exec", "--plugins", &plugins, "--", "hello", "you"],
    );
    assert!(ended.stderr.contains("(ulimit -f)"), "{}", ended.stderr);
    assert_eq!(ended.code, Some(125), "{ended:?}");
}

#[test]
fn output_that_the_limit_on_the_size_of_files_cuts_off_is_an_error() {
    let place = Place::with(&["subprocess"]);
    let plugins = shown(place.plugins());
    let out = place.file("out", "");
    // A file may have as much as the largest plugin, and not what is printed.
    let len = fs::metadata(place.plugins().join("subprocess.so"))
        .unwrap()
        .len();
    let blocks = len / 512 + 8;
    let host = shown(e2e::solti_host());
    let script = format!(
        "ulimit -f {blocks} && exec {host} exec --plugins {plugins} -- head -c {} /dev/zero >{out}",
        2 * blocks * 512
    );
    let ended = end(std::process::Command::new("sh").args(["-c", &script]));
    assert!(ended.stderr.contains("(ulimit -f)"), "{}", ended.stderr);
    assert_ne!(ended.code, Some(0));
    assert!(ended.code.is_some(), "{ended:?}");
}

#[test]
fn an_address_space_that_is_too_small_is_named() {
    let place = Place::with(&["hello"]);
    let plugins = shown(place.plugins());
    let specs = place.file("specs.json", hello("a", "you"));
    let commands: [(&[&str], i32); 3] = [
        (&["list", &plugins], 2),
        (&["run", "--plugins", &plugins, &specs], 2),
        (&["exec", "--plugins", &plugins, "--", "hello", "you"], 125),
    ];
    for (words, code) in commands {
        let ended = limited("-v 50000", words);
        assert_eq!(
            ended.stderr,
            "error: this process may use 48 MiB of address space, and needs 96 MiB: raise the limit \
             (ulimit -v)\n"
        );
        assert_eq!(ended.code, Some(code));
        // As much as is asked for is enough.
        assert_eq!(limited("-v 98304", words).code, Some(0), "{words:?}");
    }
    let ended = end(solti_host().args(["list", &plugins]));
    assert_eq!(ended.code, Some(0));
}
