//! Which runner gets a spec, and what a caller is told when none does.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use solti_model::{
    ContainerSpec, Flag, Labels, RunnerEnv, RunnerSelector, SelectorRequirement, SubprocessMode,
    SubprocessSpec, TaskEnv, TaskId, TaskKind, TaskSpec, WasmSpec,
};
use taskvisor::{TaskError, TaskFn, TaskRef};
use tokio_util::sync::CancellationToken;

use super::Observations;
use super::layer::{
    BuildContext, OutputRegistry, RunId, Runner, RunnerError, RunnerRouter, noop_metrics,
};

/// Takes every spec of its kind, or every spec there is; its tasks print the context's environment.
struct Named {
    name: &'static str,
    kind: Option<&'static str>,
}

impl Runner for Named {
    fn name(&self) -> &'static str {
        self.name
    }

    fn supports(&self, spec: &TaskSpec) -> bool {
        self.kind.is_none_or(|kind| kind == spec.kind().kind())
    }

    fn build_task(&self, spec: &TaskSpec, ctx: &BuildContext) -> Result<TaskRef, RunnerError> {
        let name = format!("{} of {} in {ctx}", self.name, spec.slot());
        let env = ctx.env().get("GREETING").unwrap_or("nothing").to_owned();
        let sink = ctx.output_registry().sink_for(TaskId::from("task"), 1);
        Ok(TaskFn::arc(name, move |_cancel: CancellationToken| {
            let (sink, env) = (sink.clone(), env.clone());
            async move {
                sink.stdout_line(Bytes::from(env));
                Err::<(), _>(TaskError::Fail {
                    reason: "done".to_owned(),
                    exit_code: Some(3),
                })
            }
        }))
    }
}

/// Takes every spec and refuses to build it.
struct Refusing;

impl Runner for Refusing {
    fn name(&self) -> &'static str {
        "refusing"
    }

    fn supports(&self, _: &TaskSpec) -> bool {
        true
    }

    fn build_task(&self, spec: &TaskSpec, _: &BuildContext) -> Result<TaskRef, RunnerError> {
        let kind = spec.kind().kind().to_owned();
        Err(RunnerError::UnsupportedKind {
            runner: self.name(),
            kind,
        })
    }

    fn build_run_id(&self, slot: &str) -> RunId {
        unreachable!("no task is built in {slot}")
    }
}

/// The id that a runner makes unless it makes its own.
pub(super) fn observe_ids() -> Observations {
    vec![(
        "run id of a runner",
        format!("{:?}", named("runner").build_run_id("slot")),
    )]
}

pub(super) fn observe() -> Observations {
    let mut seen = refusals();
    seen.extend(order());
    seen.extend(selectors());
    seen.extend(labels());
    seen.push(("router context", context()));
    seen
}

fn subprocess() -> TaskKind {
    TaskKind::Subprocess(SubprocessSpec {
        mode: SubprocessMode::Command {
            command: "true".to_owned(),
            args: Vec::new(),
        },
        env: TaskEnv::default(),
        cwd: None,
        fail_on_non_zero: Flag::default(),
    })
}

fn wasm() -> TaskKind {
    let module = PathBuf::from("module.wasm");
    TaskKind::Wasm(WasmSpec {
        module,
        args: Vec::new(),
        env: TaskEnv::default(),
    })
}

fn container() -> TaskKind {
    let image = "image".to_owned();
    let (args, env) = (Vec::new(), TaskEnv::default());
    TaskKind::Container(ContainerSpec {
        image,
        command: None,
        args,
        env,
    })
}

fn kinds() -> [TaskKind; 4] {
    [subprocess(), wasm(), container(), TaskKind::Embedded]
}

fn spec(kind: TaskKind) -> TaskSpec {
    TaskSpec::builder("slot", kind, 1_000_u64)
        .build()
        .expect("the spec is valid")
}

fn labelled(pairs: &[(&str, &str)]) -> Labels {
    let mut labels = Labels::new();
    for (key, value) in pairs {
        labels.insert(*key, *value);
    }
    labels
}

fn named(name: &'static str) -> Arc<dyn Runner> {
    Arc::new(Named { name, kind: None })
}

fn of_kind(name: &'static str, kind: &'static str) -> Arc<dyn Runner> {
    Arc::new(Named {
        name,
        kind: Some(kind),
    })
}

fn picked(router: &RunnerRouter, spec: &TaskSpec) -> &'static str {
    router.pick(spec).map_or("nobody", |runner| runner.name())
}

fn built(router: &RunnerRouter, spec: &TaskSpec) -> String {
    match router.build(spec) {
        Ok(task) => format!("built {}", task.name()),
        Err(err) => format!("{err} / {err:?}"),
    }
}

fn refusals() -> Observations {
    let mut all = RunnerRouter::default();
    all.register(named("all"));
    let mut refusing = RunnerRouter::new();
    refusing.register(Arc::new(Refusing));
    refusing.register(named("never asked"));
    let mut wasm_only = RunnerRouter::new();
    wasm_only.register(of_kind("wasm", "wasm"));
    let mut seen = vec![("router embedded", built(&all, &spec(TaskKind::Embedded)))];
    for router in [&RunnerRouter::new(), &all, &refusing, &wasm_only] {
        for kind in kinds() {
            let spec = spec(kind);
            seen.push((
                "router per kind",
                format!("{} {}", picked(router, &spec), built(router, &spec)),
            ));
        }
    }
    seen
}

fn order() -> Observations {
    let mut router = RunnerRouter::new();
    router.register(of_kind("wasm first", "wasm"));
    router.register_with_labels(named("all second"), labelled(&[("zone", "eu")]));
    router.register(of_kind("subprocess third", "subprocess"));
    router.register(named("all fourth"));
    kinds()
        .into_iter()
        .map(|kind| ("router order", picked(&router, &spec(kind)).to_owned()))
        .collect()
}

fn selectors() -> Observations {
    let mut router = RunnerRouter::new();
    router.register_with_labels(named("eu"), labelled(&[("zone", "eu"), ("tier", "fast")]));
    router.register_with_labels(named("us"), labelled(&[("zone", "us")]));
    router.register_with_labels(
        of_kind("asia", "wasm"),
        labelled(&[("zone", "asia"), ("gpu", "")]),
    );
    router.register(named("unlabelled"));
    let values = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect();
    let one = |requirement| RunnerSelector::from_expressions(vec![requirement]);
    let mut both = RunnerSelector::from_labels(labelled(&[("zone", "us")]));
    both.match_expressions
        .push(SelectorRequirement::exists("tier"));
    let selectors = [
        RunnerSelector::new(),
        RunnerSelector::from_labels(labelled(&[("zone", "us")])),
        RunnerSelector::from_labels(labelled(&[("zone", "us"), ("tier", "fast")])),
        RunnerSelector::from_labels(labelled(&[("zone", "mars")])),
        one(SelectorRequirement::r#in("zone", values(&["us", "asia"]))),
        one(SelectorRequirement::r#in("zone", values(&["asia"]))),
        one(SelectorRequirement::r#in("zone", values(&[]))),
        one(SelectorRequirement::not_in("zone", values(&["eu"]))),
        one(SelectorRequirement::not_in(
            "zone",
            values(&["eu", "us", "asia"]),
        )),
        one(SelectorRequirement::exists("zone")),
        one(SelectorRequirement::exists("gpu")),
        one(SelectorRequirement::exists("colour")),
        one(SelectorRequirement::does_not_exist("tier")),
        one(SelectorRequirement::does_not_exist("zone")),
        RunnerSelector::from_expressions(vec![
            SelectorRequirement::exists("zone"),
            SelectorRequirement::not_in("zone", values(&["eu"])),
        ]),
        both,
    ];
    let mut seen = Vec::new();
    for selector in selectors {
        for kind in kinds() {
            let spec = spec(kind).with_runner_selector(selector.clone());
            let told = format!(
                "{selector:?} {} {}",
                picked(&router, &spec),
                built(&router, &spec)
            );
            seen.push(("router selectors", told));
        }
    }
    seen
}

fn labels() -> Observations {
    let mut router = RunnerRouter::new();
    let before = router.contains_label("zone", "eu");
    router.register_with_labels(named("one"), labelled(&[("zone", "eu"), ("empty", "")]));
    router.register(named("two"));
    router.register_with_labels(named("three"), labelled(&[("zone", "us")]));
    let asked = [
        ("zone", "eu"),
        ("zone", "us"),
        ("zone", "asia"),
        ("zone", ""),
        ("empty", ""),
        ("eu", "zone"),
        ("", ""),
    ];
    let answers = asked.map(|(key, value)| router.contains_label(key, value));
    vec![("router labels", format!("{before} {answers:?}"))]
}

/// Builds a task with a context of its own, runs it, and tells how it ended and what it wrote.
fn context() -> String {
    let mut env = RunnerEnv::new();
    env.push("GREETING", "hello");
    let registry = Arc::new(OutputRegistry::new(8));
    let context =
        BuildContext::new(env, noop_metrics()).with_output_registry(Arc::clone(&registry));
    let mut router = RunnerRouter::new();
    router.register(named("before the context"));
    let mut router = router.with_context(context);
    router.register(named("after the context"));
    let task = router.build(&spec(wasm())).expect("the runner takes it");
    let mut receiver = registry
        .subscribe(&TaskId::from("task"))
        .expect("the task has a sink");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let ends: Vec<_> = (0..2)
        .map(|_| {
            format!(
                "{:?}",
                runtime.block_on(task.spawn(CancellationToken::new()))
            )
        })
        .collect();
    let mut lines = Vec::new();
    while let Ok(solti_model::OutputEvent::Chunk(chunk)) = receiver.try_recv() {
        lines.push(format!("{} {:?}", chunk.seq, chunk.line));
    }
    format!("{} {ends:?} {lines:?}", task.name())
}
