//! What is executed: the command line of a spec, its environment, its directory, its script file.

mod script;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use script::Script;
use solti_plugin_abi::os_error::explain;
use solti_plugin_abi::prelude::*;
use solti_plugin_abi::process::GroupChild;
use solti_plugin_abi::solti_model::{ModelError, SubprocessMode, SubprocessSpec, merge_env};

/// A command line that can be executed again and again.
#[derive(Debug)]
pub(crate) struct CommandLine {
    program: String,
    args: Vec<OsString>,
    env: BTreeMap<String, String>,
    cwd: Option<PathBuf>,
    /// The file that `args` names; it lives as long as the command line.
    _script: Option<Script>,
}

impl CommandLine {
    /// Makes the command line of a spec, and the file of its script if it is one.
    ///
    /// # Errors
    ///
    /// [`RunnerError::InvalidSpec`] with the model's reason, and [`RunnerError::Io`] when the
    /// script's file cannot be created.
    pub(crate) fn new(spec: &SubprocessSpec, runner_env: &RunnerEnv) -> Result<Self, RunnerError> {
        let mut line = Self {
            program: String::new(),
            args: Vec::new(),
            env: merge_env(&spec.env, runner_env),
            cwd: spec.cwd.clone(),
            _script: None,
        };
        match &spec.mode {
            SubprocessMode::Command { command, args } => {
                line.program.clone_from(command);
                line.args.extend(args.iter().map(OsString::from));
            }
            SubprocessMode::Script { runtime, args, .. } => {
                let body = spec.mode.decode_body().map_err(invalid_spec)?;
                let script = Script::create(&body)?;
                // The flag that comes with the interpreter is the one for a script given inline.
                // From a file a script may be larger than one argument can be, its text does not
                // show in the list of processes, and its errors name a line of a file.
                let (interpreter, _inline_flag) = runtime.resolve();
                line.program = interpreter.to_owned();
                line.args.push(script.path().into());
                line.args.extend(args.iter().map(OsString::from));
                line._script = Some(script);
            }
        }
        Ok(line)
    }

    /// Starts a process in a group of its own, its output piped, with `stdin` to read or nothing.
    /// Signals to it reach the processes that leave the group, too.
    ///
    /// The process has the host's environment and, over it, that of the spec and the runner.
    ///
    /// # Errors
    ///
    /// What could not be started and where, or the directory where that is what is wrong.
    pub(crate) fn spawn(&self, stdin: Option<OwnedFd>) -> Result<GroupChild, NotStarted> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .envs(&self.env)
            .stdin(stdin.map_or_else(Stdio::null, Stdio::from))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(cwd) = &self.cwd {
            command.current_dir(cwd);
        }
        GroupChild::spawn(&mut command)
            .map(GroupChild::with_strays)
            .map_err(|err| self.explain(&err))
    }

    /// Says what could not be started, and where: the system's error alone names neither.
    fn explain(&self, err: &io::Error) -> NotStarted {
        let program = &self.program;
        let cause = match err.kind() {
            io::ErrorKind::NotFound => Some("not_found"),
            _ if is_short_of_something(err) => None,
            _ => Some("not_executable"),
        };
        let Some(cwd) = &self.cwd else {
            let reason = explain(err, "execute it");
            return NotStarted {
                reason: format!("cannot start {program:?}: {reason}"),
                cause,
            };
        };
        let reason = match cwd.metadata() {
            Ok(found) if found.is_dir() => {
                let reason = explain(err, "enter the directory and execute the program");
                let reason = format!("cannot start {program:?} in {cwd:?}: {reason}");
                return NotStarted { reason, cause };
            }
            other => other,
        };
        NotStarted {
            reason: match reason {
                Err(err) => {
                    let reason = explain(&err, "enter it");
                    format!("cannot enter the working directory {cwd:?}: {reason}")
                }
                Ok(_) => format!("the working directory {cwd:?} is not a directory"),
            },
            cause: None,
        }
    }
}

/// Why nothing was started.
#[derive(Debug)]
pub(crate) struct NotStarted {
    pub(crate) reason: String,
    /// What is wrong with the program, where that is it: `not_found` or `not_executable`.
    pub(crate) cause: Option<&'static str>,
}

/// Whether it is the machine that lacks something: processes, memory or descriptors.
fn is_short_of_something(err: &io::Error) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    matches!(
        err.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::OutOfMemory
    ) || matches!(err.raw_os_error(), Some(ENFILE | EMFILE))
}

/// The model's reason without the model's own prefix, which the runner's error replaces.
fn invalid_spec(err: ModelError) -> RunnerError {
    RunnerError::InvalidSpec(match err {
        ModelError::Invalid(reason) => reason.into_owned(),
        other => other.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use solti_plugin_abi::solti_model::{Flag, Runtime, TaskEnv};

    use super::*;

    fn spec(mode: SubprocessMode) -> SubprocessSpec {
        SubprocessSpec {
            mode,
            env: TaskEnv::default(),
            cwd: None,
            fail_on_non_zero: Flag::enabled(),
        }
    }

    fn script(runtime: Runtime, body: &str) -> SubprocessSpec {
        spec(SubprocessMode::Script {
            runtime,
            body: body.to_owned(),
            args: vec!["-v".to_owned()],
        })
    }

    #[test]
    fn a_task_cannot_override_what_the_runner_sets() {
        let mut spec = spec(SubprocessMode::Command {
            command: "true".to_owned(),
            args: Vec::new(),
        });
        spec.env.push("WHO", "task");
        spec.env.push("ONLY", "task");
        let mut runner_env = RunnerEnv::default();
        runner_env.push("WHO", "runner");
        let line = CommandLine::new(&spec, &runner_env).unwrap();
        assert_eq!(line.env["WHO"], "runner");
        assert_eq!(line.env["ONLY"], "task");
    }

    #[test]
    fn an_interpreter_gets_the_path_of_a_file_and_never_its_inline_flag() {
        let custom = Runtime::Custom {
            command: "perl".to_owned(),
            flag: "-e".to_owned(),
        };
        for (runtime, program) in [
            (Runtime::Bash, "bash"),
            (Runtime::Python, "python3"),
            (Runtime::Node, "node"),
            (custom, "perl"),
        ] {
            let line =
                CommandLine::new(&script(runtime, "cHJpbnQgMQo="), &RunnerEnv::default()).unwrap();
            let file = line._script.as_ref().unwrap().path();
            assert_eq!(std::fs::read_to_string(file).unwrap(), "print 1\n");
            assert_eq!(line.program, program);
            assert_eq!(line.args, [file.as_os_str(), "-v".as_ref()]);
        }
    }

    #[test]
    fn a_script_that_cannot_be_read_is_refused_with_the_models_reason() {
        let message = |spec| {
            CommandLine::new(&spec, &RunnerEnv::default())
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            message(script(Runtime::Bash, "")),
            "invalid specification: script body cannot be empty"
        );
        assert_eq!(
            message(script(Runtime::Bash, "/w==")),
            "invalid specification: script body is not valid UTF-8: \
             invalid utf-8 sequence of 1 bytes from index 0"
        );
        assert_eq!(
            message(script(Runtime::Bash, "no base64!")),
            "invalid specification: invalid base64 body: Invalid symbol 32, offset 2."
        );
    }
}
