//! From a spec to a task.

use std::path::Path;
use std::sync::Arc;

use solti_plugin_abi::Building;
use solti_plugin_abi::environment::{check_arguments, merged};
use solti_plugin_abi::prelude::*;
use solti_plugin_abi::solti_model::WasmSpec;

use crate::attempt::Job;
use crate::config::Config;
use crate::shared::Shared;
use crate::wasi::Invocation;

/// Runs WebAssembly modules.
pub(crate) struct WasmRunner(Arc<Shared>);

impl WasmRunner {
    pub(crate) fn new(config: Config) -> Result<Self, String> {
        Shared::new(config.checked()?).map(|shared| Self(Arc::new(shared)))
    }
}

impl Runner for WasmRunner {
    fn name(&self) -> &'static str {
        "wasm"
    }

    fn supports(&self, spec: &TaskSpec) -> bool {
        matches!(spec.kind(), TaskKind::Wasm(_))
    }

    fn build_task(&self, spec: &TaskSpec, ctx: &BuildContext) -> Result<TaskRef, RunnerError> {
        let TaskKind::Wasm(wasm) = spec.kind() else {
            return Err(RunnerError::UnsupportedKind {
                runner: self.name(),
                kind: spec.kind().kind().to_owned(),
            });
        };
        if wasm.module.as_os_str().is_empty() {
            return Err(RunnerError::MissingField("module"));
        }
        let job = Arc::new(Job {
            shared: Arc::clone(&self.0),
            path: wasm.module.clone(),
            invocation: invocation(wasm, ctx, &self.0.config.inherit_env)?,
            metrics: Arc::clone(ctx.metrics()),
        });
        Ok(attempts(self, spec, ctx, move |attempt| {
            Arc::clone(&job).run(attempt)
        }))
    }

    /// Builds as `build_task` does, and compiles the module meanwhile, so that the first attempt need not.
    fn build_async<'a>(
        &'a self,
        spec: &'a TaskSpec,
        ctx: &'a BuildContext,
    ) -> Option<Building<'a>> {
        Some(Box::pin(async move {
            let task = self.build_task(spec, ctx)?;
            if let TaskKind::Wasm(wasm) = spec.kind() {
                self.0.prepare(&wasm.module).await;
            }
            Ok(task)
        }))
    }
}

/// What the program is started with: its environment is the host's where that is allowed, over it
/// the task's and over that the runner's.
fn invocation(
    spec: &WasmSpec,
    ctx: &BuildContext,
    inherited: &[String],
) -> Result<Invocation, RunnerError> {
    let name = spec.module.file_name().unwrap_or_default();
    let args = std::iter::once(Path::new(name).to_string_lossy().into_owned())
        .chain(spec.args.iter().cloned())
        .collect::<Vec<_>>();
    let mut env: std::collections::BTreeMap<_, _> = inherited
        .iter()
        .filter_map(|name| Some((name.clone(), std::env::var(name).ok()?)))
        .collect();
    let of_task =
        merged(&spec.env, ctx.env()).inspect_err(|_| ctx.add_error_detail("field", "env"))?;
    env.extend(of_task);
    for (at, arg) in args.iter().enumerate() {
        check_arguments([arg.as_str()]).inspect_err(|_| {
            // The first is the module's own name.
            let field = match at {
                0 => "module".to_owned(),
                at => format!("args[{}]", at - 1),
            };
            ctx.add_error_detail("field", field);
        })?;
    }
    Ok(Invocation { args, env })
}
