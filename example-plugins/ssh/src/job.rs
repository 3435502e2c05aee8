//! A task: what all its attempts share.

use std::time::Duration;

use solti_plugin_abi::process::Program;
use solti_plugin_abi::{MetricsHandle, WrongSpec};

use crate::client::client;
use crate::config::Config;
use crate::environment::{Variables, variables};
use crate::quote;
use crate::script::MOST_BYTES;
use crate::spec::{Place, SshCommand};
use crate::target::{self, Target};

/// What all attempts share.
pub(crate) struct Job {
    pub(crate) target: Target,
    pub(crate) client: Program,
    pub(crate) command: String,
    pub(crate) env: Variables,
    /// Whether an exit code other than zero is a failure.
    pub(crate) fail_on_non_zero: bool,
    pub(crate) config: Config,
    pub(crate) metrics: MetricsHandle,
}

impl Job {
    /// Checks what a task says. `by_kind` is the environment that it has by its kind, `here` what `${NAME}`
    /// in that of its spec stands for.
    ///
    /// # Errors
    ///
    /// The field that is wrong.
    pub(crate) fn new(
        spec: SshCommand,
        place: Place,
        (by_kind, here): (Variables, &Variables),
        config: &Config,
        metrics: MetricsHandle,
    ) -> Result<Self, WrongSpec> {
        let wrong = |field: &str, what: String| WrongSpec::new(place.of(field), what);
        let command = command_of(&spec).map_err(|(field, what)| wrong(field, what))?;
        let env = variables(by_kind, spec.env, here, place)?;
        let user = spec.user.or_else(|| config.user.clone());
        if let Some(what) = target::fault_of_host(&spec.host) {
            return Err(wrong("host", format!("{:?} {what}", spec.host)));
        }
        if let Some(what) = user.as_deref().and_then(target::fault_of_user) {
            return Err(wrong(
                "user",
                format!("{:?} {what}", user.unwrap_or_default()),
            ));
        }
        if !config.allows(&spec.host) {
            let what = "is a host that config.hosts of the plugin does not allow";
            return Err(wrong("host", format!("{:?} {what}", spec.host)));
        }
        let target = Target {
            host: spec.host,
            user,
            port: spec.port.or(config.port),
        };
        let connect_timeout = spec.connect_timeout.map_or_else(
            || config.connect_timeout(),
            |ms| Duration::from_millis(ms.get().into()),
        );
        Ok(Self {
            client: client(&target, connect_timeout, config),
            target,
            command,
            env,
            fail_on_non_zero: spec.fail_on_non_zero,
            config: config.clone(),
            metrics,
        })
    }
}

/// The command for a shell; or the field that is wrong, and how.
fn command_of(spec: &SshCommand) -> Result<String, (&'static str, String)> {
    let (field, command) = match (&spec.command, &spec.args) {
        (Some(command), None) => ("command", command.clone()),
        (None, Some(args)) if args.is_empty() => {
            return Err(("args", "is empty; the first is the program".to_owned()));
        }
        (None, Some(args)) => ("args", quote::line(args)),
        (None, None) => {
            return Err((
                "command",
                "missing, and there are no args either".to_owned(),
            ));
        }
        (Some(_), Some(_)) => {
            return Err((
                "args",
                "and command are both given; one of them says it all".to_owned(),
            ));
        }
    };
    if command.trim().is_empty() {
        return Err((field, "is empty: nothing would run".to_owned()));
    }
    if command.contains('\0') {
        return Err((field, "contains a NUL byte".to_owned()));
    }
    let bytes = command.len();
    if bytes > MOST_BYTES {
        let what = format!(
            "has {bytes} bytes, and a shell takes {MOST_BYTES} at most; put a script there"
        );
        return Err((field, what));
    }
    Ok(command)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use solti_plugin_abi::noop_metrics;

    use super::*;

    fn job(spec: Value) -> Result<Job, String> {
        let spec = SshCommand::of_workload(&spec).unwrap();
        let config = r#"{"hosts": ["web1", "*.example.com"], "user": "deploy", "port": 2222}"#;
        let config: Config = serde_json::from_str(config).unwrap();
        let env = (Variables::new(), &Variables::new());
        Job::new(spec, Place::Workload, env, &config, noop_metrics())
            .map_err(|wrong| wrong.to_string())
    }

    #[test]
    fn what_a_task_does_not_say_the_operator_has() {
        let shown = |spec| job(spec).ok().unwrap().target.to_string();
        assert_eq!(
            shown(json!({ "host": "web1", "command": "id" })),
            "deploy@web1 port 2222"
        );
        let own = json!({ "host": "a.example.com", "args": ["id"], "user": "ada", "port": 22 });
        assert_eq!(shown(own), "ada@a.example.com port 22");
    }

    #[test]
    fn a_host_or_a_user_that_could_be_an_option_is_refused_before_anything_starts() {
        for (spec, refusal) in [
            (
                json!({ "host": "-oProxyCommand=id", "command": "id" }),
                "spec.host: \"-oProxyCommand=id\" begins with a hyphen, as options of ssh do",
            ),
            (
                json!({ "host": "web1", "user": "-oProxyCommand=id", "command": "id" }),
                "spec.user: \"-oProxyCommand=id\" begins with a hyphen, as options of ssh do",
            ),
            (
                json!({ "host": "web1 -v", "command": "id" }),
                "spec.host: \"web1 -v\" has a character that no name has",
            ),
            (
                json!({ "host": "web2", "command": "id" }),
                "spec.host: \"web2\" is a host that config.hosts of the plugin does not allow",
            ),
        ] {
            assert_eq!(job(spec).err().unwrap(), refusal);
        }
    }

    #[test]
    fn a_task_says_what_to_run_once() {
        let refusal = |mut spec: Value| {
            spec["host"] = "web1".into();
            job(spec).err().unwrap()
        };
        assert_eq!(
            refusal(json!({})),
            "spec.command: missing, and there are no args either"
        );
        assert_eq!(
            refusal(json!({ "command": "id", "args": ["id"] })),
            "spec.args: and command are both given; one of them says it all"
        );
        assert_eq!(
            refusal(json!({ "args": [] })),
            "spec.args: is empty; the first is the program"
        );
        assert_eq!(
            refusal(json!({ "command": " \n" })),
            "spec.command: is empty: nothing would run"
        );
        assert_eq!(
            refusal(json!({ "args": ["a\0"] })),
            "spec.args: contains a NUL byte"
        );
        let long = json!({ "command": "x".repeat(MOST_BYTES + 1) });
        assert_eq!(
            refusal(long),
            "spec.command: has 131072 bytes, and a shell takes 131071 at most; put a script there"
        );
    }
}
