//! What the `sh` of the other machine is sent.
//!
//! A server ends nothing when a connection ends: it closes the standard input of what it has started, and
//! that is all. So what it starts is a shell that reads this script, and the connection's other end stays
//! open as a leash: once it is let go, or torn, whoever waits for its end asks all processes of the session
//! to end, and kills what is left after a while. The server made that session, and its process group, for
//! the shell.
//!
//! No word of a task is on a command line of this machine: all of it comes this way.

use std::fmt::Write as _;
use std::time::Duration;

use crate::environment::Variables;
use crate::marks;
use crate::quote::word;

/// The longest command, in bytes: an argument of a program on Linux may have no more.
pub(crate) const MOST_BYTES: usize = 128 * 1024 - 1;

/// What the server has its user's shell run, whichever that is: a shell that reads what comes.
pub(crate) const REMOTE: &str = "exec sh";

/// The script of an attempt. It says of itself, by the `mark`, when the command begins and how it ended;
/// `grace` is what a command may take to end once nobody waits for it any more.
///
/// One pair of braces is around it all: a shell that has read only a part of it runs nothing.
pub(crate) fn script(command: &str, env: &Variables, mark: &str, grace: Duration) -> String {
    let mut set = String::new();
    for (name, value) in env {
        let _ = writeln!(set, "export {name}={}", word(value));
    }
    let (begun, alone, ended) = (marks::BEGUN, marks::ALONE, marks::ENDED);
    format!(
        r#"{{
trap : TERM
trap solti_stop=1 USR1
exec 3<&0
(
trap '' TERM
while read -r solti_line; do :; done
{ask}kill -s KILL -- -$$
) <&3 3<&- >/dev/null 2>&1 &
solti_watch=$!
solti_begun={begun}
kill -s 0 -- -$$ 2>/dev/null || solti_begun={alone}
printf '{mark}%s\n' $solti_begun >&2
if [ -z "$solti_stop" ]; then
(
{set}exec sh -c {command}
) </dev/null 3<&-
fi
solti_code=$?
if [ -n "$solti_stop" ]; then kill -s KILL -- -$$; fi
printf '{mark}{ended}%s\n' $solti_code >&2
exec 2>/dev/null
kill -s KILL $solti_watch
exit $solti_code
}}
"#,
        ask = asking(grace),
        command = word(command),
    )
}

/// What asks the processes to end and waits; nothing where there is no grace. The shell learns of it by a
/// signal of its own: another could come from the command.
fn asking(grace: Duration) -> String {
    if grace.is_zero() {
        return String::new();
    }
    // Who waits on this machine is to see the end of it, and other shells count in seconds only.
    let seconds = (grace * 3 / 4).as_secs().max(1);
    format!("kill -s USR1 $$\nkill -s TERM -- -$$\nsleep {seconds}\n")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Output, Stdio};

    use super::*;

    /// What becomes of a script in a shell that may lead no group, whose input stays open.
    fn run(script: &str) -> Output {
        let mut shell = Command::new("sh");
        shell
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = shell.spawn().unwrap();
        let mut leash = child.stdin.take().unwrap();
        leash.write_all(script.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        drop(leash);
        output
    }

    fn of(command: &str, env: &[(&str, &str)]) -> String {
        let env = env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        script(command, &env.collect(), "MARK", Duration::from_secs(4))
    }

    #[test]
    fn a_command_has_its_words_its_environment_its_exit_code_and_no_input() {
        let script = of(
            "echo \"it's $A\"; cat; echo $solti_code; exit 255",
            &[("A", "a 'b' $c\n`d`"), ("PS1", "")],
        );
        let output = run(&script);
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "it's a 'b' $c\n`d`\n\n"
        );
        // In a group of the test's.
        assert_eq!(String::from_utf8_lossy(&output.stderr), "MARK=\nMARK-255\n");
        assert_eq!(output.status.code(), Some(255));
    }

    #[test]
    fn a_script_that_came_in_part_runs_nothing() {
        let script = of("echo begun >&2", &[]);
        let at = script.rfind('}').unwrap();
        for end in [at, at - 10, script.find("echo").unwrap() + 5] {
            let mut child = Command::new("sh")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut input = child.stdin.take().unwrap();
            input.write_all(&script.as_bytes()[..end]).unwrap();
            drop(input);
            let output = child.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!said.contains("begun") && !said.contains("MARK"), "{said}");
        }
    }

    #[test]
    fn a_grace_is_a_little_less_than_what_is_waited_here() {
        for (grace, seconds) in [(4_000, 3), (100, 1), (60_000, 45)] {
            let asking = asking(Duration::from_millis(grace));
            assert!(asking.ends_with(&format!("sleep {seconds}\n")), "{asking}");
        }
        assert_eq!(asking(Duration::ZERO), "");
    }
}
