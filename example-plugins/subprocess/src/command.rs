//! What is executed: the command line of a spec, its environment, its directory, its script file.

mod script;

use std::os::fd::OwnedFd;

use script::Script;
use solti_plugin_abi::environment::{check_arguments, merged};
use solti_plugin_abi::os_error::PAUSES;
use solti_plugin_abi::prelude::*;
use solti_plugin_abi::process::{GroupChild, Program, StartError};
use solti_plugin_abi::solti_model::{ModelError, SubprocessMode, SubprocessSpec};
use tokio::time::sleep;

/// A command line that can be executed again and again.
#[derive(Debug)]
pub(crate) struct CommandLine {
    program: Program,
    /// The file that its arguments name; it lives as long as the command line.
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
        let (name, script, args) = match &spec.mode {
            SubprocessMode::Command { command, args } => (command.as_str(), None, args),
            SubprocessMode::Script { runtime, args, .. } => {
                let body = spec.mode.decode_body().map_err(invalid_spec)?;
                // The flag that comes with the interpreter is the one for a script given inline.
                // From a file a script may be larger than one argument can be, its text does not
                // show in the list of processes, and its errors name a line of a file.
                let (interpreter, _inline_flag) = runtime.resolve();
                (interpreter, Some(body), args)
            }
        };
        check_arguments([name].into_iter().chain(args.iter().map(String::as_str)))?;
        let mut program = Program::new(name).envs(merged(&spec.env, runner_env)?);
        if let Some(cwd) = &spec.cwd {
            program = program.directory(cwd);
        }
        // Nothing is written for a task that cannot be.
        let script = script.map(|body| Script::create(&body)).transpose()?;
        if let Some(script) = &script {
            program = program.args([script.path()]);
        }
        Ok(Self {
            program: program.args(args),
            _script: script,
        })
    }

    /// Starts a process in a group of its own, its output piped, with `stdin` to read or nothing.
    /// Signals to it reach the processes that leave its group, too.
    ///
    /// The process has the host's environment and, over it, that of the spec and the runner. Where the
    /// machine has no room for it, that is waited for a little.
    ///
    /// # Errors
    ///
    /// What could not be started and where, or the directory where that is what is wrong.
    pub(crate) async fn spawn(&self, stdin: Option<OwnedFd>) -> Result<GroupChild, NotStarted> {
        let mut pauses = PAUSES.iter();
        loop {
            // The process may be made in vain: its input is needed again.
            let input = stdin.as_ref().map(OwnedFd::try_clone).transpose();
            let started = match input {
                Ok(input) => self.program.start(input),
                Err(err) => Err(StartError::from(err)),
            };
            match (started, pauses.next()) {
                (Ok(child), _) => return Ok(child.with_strays()),
                (Err(err), Some(pause)) if err.may_pass() => sleep(*pause).await,
                (Err(err), _) => return Err(self.not_started(&err)),
            }
        }
    }

    /// Says what could not be started, and where: the system's error alone names neither.
    fn not_started(&self, err: &StartError) -> NotStarted {
        let name = self.program.name();
        let reason = match self.program.working_directory() {
            _ if err.is_about_directory() => err.to_string(),
            Some(directory) => format!("cannot start {name:?} in {directory:?}: {err}"),
            None => format!("cannot start {name:?}: {err}"),
        };
        NotStarted {
            reason,
            may_pass: err.may_pass(),
            cause: match err {
                err if err.is_not_found() => Some("not_found"),
                err if err.is_not_executable() => Some("not_executable"),
                _ => None,
            },
        }
    }
}

/// Why nothing was started.
#[derive(Debug)]
pub(crate) struct NotStarted {
    pub(crate) reason: String,
    /// Whether another attempt may find it otherwise.
    pub(crate) may_pass: bool,
    /// What is wrong with the program, where that is it: `not_found` or `not_executable`.
    pub(crate) cause: Option<&'static str>,
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
        let shown = format!("{:?}", line.program);
        assert!(shown.contains(r#""WHO": "runner""#), "{shown}");
        assert!(shown.contains(r#""ONLY": "task""#), "{shown}");
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
            assert_eq!(line.program.name(), program);
            let shown = format!("{:?}", line.program);
            let args = format!("args: [{file:?}, \"-v\"]");
            assert!(shown.contains(&args), "{shown}");
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
