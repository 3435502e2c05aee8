//! The functions that make a task of a test, and what each kind of them takes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use solti_model::{
    ContainerSpec, Flag, Runtime, SubprocessMode, SubprocessSpec, TaskEnv, TaskKind, WasmSpec,
};

use super::Case;
use super::kind::Kind;

/// A task of kind `subprocess` that runs a program with these arguments.
///
/// # Examples
///
/// ```
/// use solti_plugin_abi::testing::command;
///
/// let case = command("backup", ["--all"]).env("ZONE", "eu").cancel_after_line("ready");
/// # let _ = case;
/// ```
pub fn command<const N: usize>(program: impl Into<String>, args: [&str; N]) -> Case {
    subprocess(SubprocessMode::Command {
        command: program.into(),
        args: args.map(str::to_owned).into(),
    })
}

/// A task of kind `subprocess` that runs a script, by the shell `bash` where it is run at all.
pub fn script(body: impl AsRef<[u8]>) -> Case {
    subprocess(SubprocessMode::Script {
        runtime: Runtime::Bash,
        body: STANDARD.encode(body),
        args: Vec::new(),
    })
}

/// A task of kind `wasm` that runs the module of this file.
pub fn wasm<const N: usize>(module: impl Into<String>, args: [&str; N]) -> Case {
    Case::new(Kind::OfModel(TaskKind::Wasm(WasmSpec {
        module: module.into().into(),
        args: args.map(str::to_owned).into(),
        env: TaskEnv::default(),
    })))
}

/// A task of kind `container` that runs this image.
pub fn container<const N: usize>(image: impl Into<String>, args: [&str; N]) -> Case {
    Case::new(Kind::OfModel(TaskKind::Container(ContainerSpec {
        image: image.into(),
        command: None,
        args: args.map(str::to_owned).into(),
        env: TaskEnv::default(),
    })))
}

/// A task of a kind of the author's own, such as `example.com/v1/HttpCheck`.
///
/// # Examples
///
/// ```
/// use serde_json::json;
/// use solti_plugin_abi::testing::workload;
///
/// let case = workload("example.com/v1/HttpCheck", json!({ "url": "http://localhost" }));
/// # let _ = case;
/// ```
pub fn workload(kind: impl Into<String>, spec: Value) -> Case {
    Case::new(Kind::Own(kind.into(), spec))
}

fn subprocess(mode: SubprocessMode) -> Case {
    Case::new(Kind::OfModel(TaskKind::Subprocess(SubprocessSpec {
        mode,
        env: TaskEnv::default(),
        cwd: None,
        fail_on_non_zero: Flag::enabled(),
    })))
}

impl Case {
    /// Adds arguments of the program, script, module or container.
    ///
    /// # Panics
    ///
    /// For a kind of the author's own: what that is told is in its spec.
    pub fn args(mut self, more: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let args = match &mut self.kind {
            Kind::OfModel(TaskKind::Subprocess(process)) => match &mut process.mode {
                SubprocessMode::Command { args, .. } | SubprocessMode::Script { args, .. } => args,
            },
            Kind::OfModel(TaskKind::Wasm(wasm)) => &mut wasm.args,
            Kind::OfModel(TaskKind::Container(container)) => &mut container.args,
            other => panic!("a task of kind {} has no arguments", other.name()),
        };
        args.extend(more.into_iter().map(Into::into));
        self
    }

    /// Adds a variable to the task's environment.
    ///
    /// # Panics
    ///
    /// As [`args`](Self::args).
    pub fn env(mut self, key: &str, value: &str) -> Self {
        let env = match &mut self.kind {
            Kind::OfModel(TaskKind::Subprocess(process)) => &mut process.env,
            Kind::OfModel(TaskKind::Wasm(wasm)) => &mut wasm.env,
            Kind::OfModel(TaskKind::Container(container)) => &mut container.env,
            other => panic!("a task of kind {} has no environment", other.name()),
        };
        env.push(key, value);
        self
    }
}
