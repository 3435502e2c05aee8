//! The arguments of `engine run`.

mod env;

use std::collections::BTreeMap;

use solti_plugin_abi::environment::{check_arguments, merged};
use solti_plugin_abi::prelude::*;
use solti_plugin_abi::process::Program;
use solti_plugin_abi::solti_model::ContainerSpec;
use solti_plugin_abi::text::shorten;

use crate::config::Config;
use crate::engine::Engine;

/// How much of an image's name is quoted, in bytes.
const MOST_QUOTED: usize = 256;

/// What a task runs: the same for each of its attempts.
#[derive(Debug)]
pub(crate) struct RunCommand {
    image: String,
    /// The program that replaces the image's entry point.
    entry_point: Option<String>,
    args: Vec<String>,
    env: BTreeMap<String, String>,
}

impl RunCommand {
    /// Takes over a spec, and the environment that the host adds to every task.
    ///
    /// # Errors
    ///
    /// [`RunnerError::MissingField`] without an image, [`RunnerError::InvalidSpec`] for what no
    /// engine can take, or what one would take for something else.
    pub(crate) fn new(spec: &ContainerSpec, runner_env: &RunnerEnv) -> Result<Self, RunnerError> {
        check_image(&spec.image)?;
        let mut args = Vec::new();
        let mut entry_point = None;
        if let Some(command) = &spec.command {
            let Some((program, first_args)) = command.split_first().filter(|(p, _)| !p.is_empty())
            else {
                return Err(invalid(
                    "the container's command is empty: leave it out to run the image's own".into(),
                ));
            };
            entry_point = Some(program.clone());
            args.extend_from_slice(first_args);
        }
        args.extend_from_slice(&spec.args);
        let env = merged(&spec.env, runner_env)?;
        check_arguments(entry_point.iter().chain(&args).map(String::as_str))?;
        Ok(Self {
            image: spec.image.clone(),
            entry_point,
            args,
            env,
        })
    }

    /// The image.
    pub(crate) fn image(&self) -> &str {
        &self.image
    }

    /// The command that runs it in a container of this name, with these labels.
    pub(crate) fn for_container(
        &self,
        engine: &Engine,
        config: &Config,
        name: &str,
        labels: &[(&str, &str)],
    ) -> Program {
        let mut args = vec![
            "run".to_owned(),
            format!("--name={name}"),
            format!("--network={}", config.network),
            "--pull=never".to_owned(),
        ];
        args.extend(
            labels
                .iter()
                .map(|(key, value)| format!("--label={key}={value}")),
        );
        args.extend(
            config
                .memory
                .iter()
                .map(|memory| format!("--memory={memory}")),
        );
        args.extend(config.cpus.iter().map(|cpus| format!("--cpus={cpus}")));
        args.extend(config.user.iter().map(|user| format!("--user={user}")));
        if config.read_only {
            args.push("--read-only".to_owned());
        }
        args.extend(engine.run_args());
        let (env_args, carried) = env::pass(&self.env);
        args.extend(env_args);
        args.extend_from_slice(&config.run_args);
        args.extend(
            self.entry_point
                .iter()
                .map(|program| format!("--entrypoint={program}")),
        );
        args.push(self.image.clone());
        args.extend_from_slice(&self.args);
        engine.command(args).envs(carried)
    }
}

/// Checks that an image is a reference, which may come from anybody: one that begins with a dash
/// would be an option of the engine, and podman reads `dir:/etc` from the host's files.
fn check_image(image: &str) -> Result<(), RunnerError> {
    if image.is_empty() {
        return Err(RunnerError::MissingField("image"));
    }
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/:@".contains(&byte);
    if image.starts_with(|first: char| first.is_ascii_alphanumeric())
        && image.bytes().all(is_part)
        && !image.contains(":/")
    {
        return Ok(());
    }
    let image = shorten(image, MOST_QUOTED);
    Err(invalid(format!(
        "{image:?} is not an image reference: expected one such as \"docker.io/library/redis:7\""
    )))
}

fn invalid(reason: String) -> RunnerError {
    RunnerError::InvalidSpec(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(image: &str) -> ContainerSpec {
        ContainerSpec {
            image: image.to_owned(),
            command: None,
            args: Vec::new(),
            env: Default::default(),
        }
    }

    fn refusal(spec: &ContainerSpec) -> String {
        RunCommand::new(spec, &RunnerEnv::default())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn an_image_cannot_be_an_option_or_a_file_of_the_host() {
        for image in [
            "--privileged",
            "-v/:/host",
            "dir:/etc",
            "docker-archive:/x.tar",
            "a b",
            "a\0",
        ] {
            assert_eq!(
                refusal(&spec(image)),
                format!(
                    "invalid specification: {image:?} is not an image reference: expected one such \
                     as \"docker.io/library/redis:7\""
                )
            );
        }
        let digest = format!("redis@sha256:{}", "0".repeat(64));
        for image in [
            "redis",
            "localhost:5000/a/b_c:1.2-x",
            "0123456789ab",
            &digest,
        ] {
            RunCommand::new(&spec(image), &RunnerEnv::default()).unwrap();
        }
        assert_eq!(refusal(&spec("")), "missing field: image");
    }

    #[test]
    fn an_empty_command_is_not_guessed_at() {
        for command in [vec![], vec![String::new(), "x".to_owned()]] {
            let mut spec = spec("image");
            spec.command = Some(command);
            assert_eq!(
                refusal(&spec),
                "invalid specification: the container's command is empty: leave it out to run the \
                 image's own"
            );
        }
    }

    #[test]
    fn a_nul_byte_is_refused_before_anything_runs() {
        let mut with_arg = spec("image");
        with_arg.args = vec!["a\0b".to_owned()];
        assert_eq!(
            refusal(&with_arg),
            "invalid specification: argument \"a\\0b\" contains a NUL byte"
        );
    }

    #[test]
    fn a_task_cannot_override_what_the_runner_sets() {
        let mut spec = spec("image");
        spec.env.push("WHO", "task");
        spec.env.push("ONLY", "task");
        let mut runner_env = RunnerEnv::default();
        runner_env.push("WHO", "runner");
        let command = RunCommand::new(&spec, &runner_env).unwrap();
        assert_eq!(command.env["WHO"], "runner");
        assert_eq!(command.env["ONLY"], "task");
    }
}
