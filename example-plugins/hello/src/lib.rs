//! The smallest plugin: it takes the command `hello` and greets whoever its arguments name.
//!
//! Its `supports` looks further than the kind of a task, so the host asks it about each one.

#![forbid(unsafe_code)]

use solti_plugin_abi::prelude::*;
use solti_plugin_abi::solti_model::SubprocessMode;

#[derive(Default)]
struct Hello;

impl Runner for Hello {
    fn name(&self) -> &'static str {
        "hello"
    }

    fn supports(&self, spec: &TaskSpec) -> bool {
        greeting(spec).is_some()
    }

    fn build_task(&self, spec: &TaskSpec, ctx: &BuildContext) -> Result<TaskRef, RunnerError> {
        let greeting = greeting(spec).ok_or_else(|| RunnerError::UnsupportedKind {
            runner: self.name(),
            kind: spec.kind().kind().to_owned(),
        })?;
        Ok(attempts(self, spec, ctx, move |attempt| {
            attempt.stdout(&greeting);
            async { Ok(()) }
        }))
    }
}

/// The greeting that a spec asks for, if it asks for one.
fn greeting(spec: &TaskSpec) -> Option<String> {
    let TaskKind::Subprocess(subprocess) = spec.kind() else {
        return None;
    };
    match &subprocess.mode {
        SubprocessMode::Command { command, args } if command == "hello" => {
            let name = if args.is_empty() {
                "world".to_owned()
            } else {
                args.join(" ")
            };
            Some(format!("hello, {name}"))
        }
        _ => None,
    }
}

solti_plugin_abi::export_plugin!(Hello {
    name: "hello",
    kinds: [subprocess]
});
