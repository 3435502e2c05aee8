//! Man pages, completions, and the help they are made of.

use std::fs;

use crate::{Place, end, shown, solti_host};

const COMMANDS: [&str; 13] = [
    "run",
    "exec",
    "list",
    "inspect",
    "check",
    "forget",
    "pack",
    "install",
    "rollback",
    "new",
    "dev",
    "completions",
    "man",
];

#[test]
fn the_help_ends_with_the_exit_codes() {
    for help in ["-h", "--help"] {
        let ended = end(solti_host().arg(help));
        let codes = "\
Exit codes:
  0        all is well
  1        a task did not succeed, or a file was refused
  2        nothing could be done: a wrong argument, or a directory that cannot be used
  128 + N  signal N ended the run: 130 for Ctrl-C, 143 for SIGTERM
`exec` ends as its command did; `solti-host exec --help` has the exceptions.
";
        assert!(ended.stdout.ends_with(codes), "{}", ended.stdout);
    }
    for command in COMMANDS {
        let ended = end(solti_host().args([command, "--help"]));
        assert!(ended.stdout.contains("Exit code: "), "{}", ended.stdout);
    }
}

#[test]
fn the_completions_of_a_shell_have_every_command_and_option() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ended = end(solti_host().args(["completions", shell]));
        for word in COMMANDS.into_iter().chain(["timestamps", "require-sums"]) {
            assert!(ended.stdout.contains(word), "{shell}: {word}");
        }
        assert_eq!((&*ended.stderr, ended.code), ("", Some(0)));
    }
    let bash = end(solti_host().args(["completions", "bash"])).stdout;
    let place = Place::with(&[]);
    let file = place.file("completions", bash);
    let asked = "f=$(complete -p solti-host | sed 's/.*-F \\([^ ]*\\).*/\\1/'); \
                 COMP_WORDS=(solti-host ru); COMP_CWORD=1; $f solti-host ru solti-host; \
                 echo \"${COMPREPLY[*]}\"";
    let script = format!("source {file}; {asked}");
    let ended = end(std::process::Command::new("bash").args(["-c", &script]));
    assert_eq!(ended.stdout, "run\n", "{}", ended.stderr);
}

#[test]
fn there_is_a_man_page_for_the_program_and_for_each_command() {
    let place = Place::with(&[]);
    let directory = place.directory.path();
    let ended = end(solti_host().arg("man").arg(directory));
    assert_eq!((&*ended.stderr, ended.code), ("", Some(0)));
    let page = |name: &str| fs::read_to_string(directory.join(name)).unwrap();
    assert!(page("solti-host.1").contains("Exit codes:"));
    for command in COMMANDS {
        let page = page(&format!("solti-host-{command}.1"));
        assert!(page.starts_with(".ie"), "{page}");
        assert!(page.contains("Exit code: "), "{page}");
    }
    assert!(page("solti-host-run.1").contains("timestamps"));
}

#[test]
fn a_directory_for_man_pages_that_is_not_there_is_named() {
    let ended = end(solti_host().args(["man", "/no/such/directory"]));
    assert_eq!(
        ended.stderr,
        format!(
            "error: the man pages cannot be written to {}: No such file or directory (os error 2)\n",
            shown("/no/such/directory")
        )
    );
    assert_eq!(ended.code, Some(2));
}
