//! Arguments of `run` that an operator must not add.

/// Options that would break what the plugin does itself, by their names of one letter and of many,
/// and why, or what to do instead.
const REFUSED: [(Option<char>, &str, &str); 11] = [
    (
        None,
        "rm",
        "the plugin asks the engine how a container ended and then removes it",
    ),
    (
        None,
        "rmi",
        "the plugin asks the engine how a container ended and keeps its image",
    ),
    (
        Some('d'),
        "detach",
        "the plugin waits for the container and passes its output on",
    ),
    (
        Some('a'),
        "attach",
        "the plugin attaches to standard output and standard error",
    ),
    (
        Some('t'),
        "tty",
        "a terminal would merge standard output and standard error",
    ),
    (
        None,
        "name",
        "the plugin gives each container a name, by which it removes it",
    ),
    (None, "replace", "each container has a name of its own"),
    (
        None,
        "cidfile",
        "the second container would find the file of the first",
    ),
    (None, "network", "set `network` instead"),
    (None, "net", "set `network` instead"),
    (None, "pull", "set `pull` instead"),
];

/// Options of one letter that take no value, so that another may follow in the same word.
const WITHOUT_VALUE: &str = "diPqt";

/// Checks the configured arguments of `run`.
///
/// # Errors
///
/// The argument and why it is refused.
pub(super) fn check(run_args: &[String]) -> Result<(), String> {
    for arg in run_args {
        let refused = REFUSED
            .iter()
            .find(|(letter, name, _)| is_option(arg, *letter, name));
        if let Some((_, name, reason)) = refused {
            let long = if arg.starts_with("--") {
                String::new()
            } else {
                format!(" (--{name})")
            };
            return Err(format!(
                "config.run_args: {arg:?}{long} cannot be used here: {reason}"
            ));
        }
    }
    Ok(())
}

/// Whether `arg` is the option of this name, alone, with a value, or as one of several letters.
fn is_option(arg: &str, letter: Option<char>, name: &str) -> bool {
    if let Some(long) = arg.strip_prefix("--") {
        return long.split('=').next() == Some(name);
    }
    let (Some(letters), Some(letter)) = (arg.strip_prefix('-'), letter) else {
        return false;
    };
    // What follows a letter that takes a value is that value.
    let last = letters
        .find(|other| !WITHOUT_VALUE.contains(other))
        .unwrap_or(letters.len());
    letters
        .char_indices()
        .any(|(at, other)| other == letter && at <= last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(arg: &str) -> Result<(), String> {
        check(&["--init".to_owned(), arg.to_owned()])
    }

    #[test]
    fn an_argument_that_would_break_the_plugin_is_refused_in_each_of_its_forms() {
        for arg in [
            "--rm",
            "--rm=true",
            "--rmi",
            "--detach",
            "-d",
            "-dP",
            "-id",
            "--tty",
            "-t",
            "-it",
            "-itd",
            "--attach=stdout",
            "-a",
            "-ia",
            "-astdout",
            "--name",
            "--name=x",
            "--replace",
            "--cidfile=/x",
            "--network=host",
            "--net",
            "--pull=always",
        ] {
            let refusal = checked(arg).unwrap_err();
            assert!(refusal.starts_with("config.run_args: \"-"), "{refusal}");
        }
        assert_eq!(
            checked("--network=host").unwrap_err(),
            "config.run_args: \"--network=host\" cannot be used here: set `network` instead"
        );
        assert_eq!(
            checked("-it").unwrap_err(),
            "config.run_args: \"-it\" (--tty) cannot be used here: a terminal would merge standard \
             output and standard error"
        );
    }

    #[test]
    fn an_argument_that_only_looks_like_a_refused_one_is_taken() {
        for arg in [
            "--cap-drop=all",
            "--network-alias=x",
            "--tty-size",
            "--hostname=--rm",
            "-v/data:/data",
            "-eTERM",
            "-i",
            "-P",
            "-p80:80",
            "-m512t",
            "rm",
            "-",
            "",
        ] {
            assert_eq!(checked(arg), Ok(()), "{arg}");
        }
    }
}
