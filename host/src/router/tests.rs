use solti_model::{RunnerSelector, SelectorRequirement, TaskEnv, WasmSpec};
use solti_plugin_abi::Kinds;

use super::*;

struct Declared(&'static str, Kinds);

impl Runner for Declared {
    fn name(&self) -> &'static str {
        self.0
    }

    fn supports(&self, _: &TaskSpec) -> bool {
        true
    }

    fn build_task(&self, _: &TaskSpec, _: &BuildContext) -> Result<TaskRef, RunnerError> {
        Err(RunnerError::Internal(self.0.to_owned()))
    }

    fn kinds(&self) -> Kinds {
        self.1.clone()
    }
}

/// Name, kinds and labels.
type Registered = (&'static str, Kinds, &'static [(&'static str, &'static str)]);

fn router(runners: &[Registered]) -> RunnerRouter {
    let mut router = RunnerRouter::new();
    for (name, kinds, pairs) in runners {
        let mut labels = Labels::new();
        for (key, value) in *pairs {
            labels.insert(*key, *value);
        }
        router.register_with_labels(Arc::new(Declared(name, kinds.clone())), labels);
    }
    router
}

fn picked(router: &RunnerRouter, selector: RunnerSelector) -> Option<&'static str> {
    let kind = TaskKind::Wasm(WasmSpec {
        module: "m.wasm".into(),
        args: Vec::new(),
        env: TaskEnv::default(),
    });
    let spec = TaskSpec::builder("slot", kind, 1_000_u64).build().unwrap();
    let spec = spec.with_runner_selector(selector);
    router.pick(&spec).map(|runner| runner.name())
}

fn labelled(pairs: &[(&str, &str)]) -> RunnerSelector {
    let mut labels = Labels::new();
    for (key, value) in pairs {
        labels.insert(*key, *value);
    }
    RunnerSelector::from_labels(labels)
}

#[test]
fn a_label_leads_to_no_runner_of_another_kind_nor_past_an_earlier_one() {
    // Enough of them that the labels are looked up.
    let unlabelled = vec![("unlabelled", Kinds::WASM, &[][..]); 20];
    let mut runners: Vec<Registered> = vec![
        ("other kind", Kinds::CONTAINER, &[("zone", "eu")]),
        ("other zone", Kinds::WASM, &[("zone", "us")]),
        ("first", Kinds::ANY, &[("zone", "eu"), ("gpu", "no")]),
        ("second", Kinds::WASM, &[("zone", "eu"), ("gpu", "yes")]),
        ("third", Kinds::WASM, &[("zone", "eu"), ("gpu", "yes")]),
    ];
    runners.extend(unlabelled);
    let router = router(&runners);
    assert_eq!(picked(&router, labelled(&[("zone", "eu")])), Some("first"));
    let both = labelled(&[("gpu", "yes"), ("zone", "eu")]);
    assert_eq!(picked(&router, both.clone()), Some("second"));
    assert_eq!(picked(&router, labelled(&[("zone", "mars")])), None);
    assert_eq!(
        picked(&router, labelled(&[("gpu", "yes"), ("zone", "us")])),
        None
    );
    let mut with_expression = both;
    with_expression.match_expressions = vec![SelectorRequirement::does_not_exist("gpu")];
    assert_eq!(picked(&router, with_expression), None);
    assert_eq!(picked(&router, RunnerSelector::new()), Some("other zone"));
}

/// Keeps the token of what it builds, in a task that makes a channel.
#[derive(Default)]
struct Keeping(std::sync::Mutex<Option<tokio_util::sync::CancellationToken>>);

impl Runner for Keeping {
    fn name(&self) -> &'static str {
        "keeping"
    }

    fn supports(&self, _: &TaskSpec) -> bool {
        true
    }

    fn build_task(&self, spec: &TaskSpec, ctx: &BuildContext) -> Result<TaskRef, RunnerError> {
        *self.0.lock().unwrap() = Some(ctx.cancellation().clone());
        Ok(solti_plugin_abi::attempts(self, spec, ctx, |_| async {
            Ok(())
        }))
    }
}

#[tokio::test]
async fn a_build_that_went_well_is_not_cancelled_afterwards_and_keeps_its_channel() {
    let keeping = Arc::new(Keeping::default());
    let mut router = RunnerRouter::new();
    router.register(Arc::clone(&keeping) as Arc<dyn Runner>);
    let kind = TaskKind::Wasm(WasmSpec {
        module: "m.wasm".into(),
        args: Vec::new(),
        env: TaskEnv::default(),
    });
    let spec = TaskSpec::builder("slot", kind, 1_000_u64).build().unwrap();
    let task = router.build_async(&spec).await.unwrap();
    let token = keeping.0.lock().unwrap().take().unwrap();
    assert!(!token.is_cancelled());
    drop(task);
    assert_eq!(router.context().output_registry().active_channels(), 1);
}
