//! The tasks.

use std::path::Path;

use solti_model::{
    ContainerSpec, Flag, Labels, RunnerSelector, SubprocessMode, SubprocessSpec, TaskEnv, TaskKind,
    TaskSpec, WasmSpec,
};

/// A command.
#[must_use]
pub fn command(command: &str, args: &[&str]) -> TaskSpec {
    spec(TaskKind::Subprocess(SubprocessSpec {
        mode: SubprocessMode::Command {
            command: command.to_owned(),
            args: args.iter().map(ToString::to_string).collect(),
        },
        env: TaskEnv::default(),
        cwd: None,
        fail_on_non_zero: Flag::enabled(),
    }))
}

/// A behaviour of the fixture `pusher`.
#[must_use]
pub fn pusher(behaviour: &str, args: &[usize]) -> TaskSpec {
    let args: Vec<String> = args.iter().map(ToString::to_string).collect();
    command(
        behaviour,
        &args.iter().map(String::as_str).collect::<Vec<_>>(),
    )
}

/// A process that writes a file to its standard output.
///
/// # Panics
///
/// When the path is no text.
#[must_use]
pub fn cat(file: &Path) -> TaskSpec {
    command("cat", &[file.to_str().expect("paths of ours are text")])
}

/// A task of another kind.
#[must_use]
pub fn wasm() -> TaskSpec {
    spec(TaskKind::Wasm(WasmSpec {
        module: "module.wasm".into(),
        args: Vec::new(),
        env: TaskEnv::default(),
    }))
}

/// A task of yet another kind.
#[must_use]
pub fn container() -> TaskSpec {
    spec(TaskKind::Container(ContainerSpec {
        image: "image".to_owned(),
        command: None,
        args: Vec::new(),
        env: TaskEnv::default(),
    }))
}

/// The same task for runners with a label.
#[must_use]
pub fn selecting(spec: TaskSpec, key: &str, value: &str) -> TaskSpec {
    let mut labels = Labels::new();
    labels.insert(key, value);
    spec.with_runner_selector(RunnerSelector::from_labels(labels))
}

fn spec(kind: TaskKind) -> TaskSpec {
    TaskSpec::builder("bench", kind, 600_000_u64)
        .build()
        .expect("the specs of the benches are valid")
}
