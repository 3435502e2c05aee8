//! The plugin: the SDK's side, with a runner that does on demand whatever crosses.

use std::sync::atomic::{AtomicIsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value};
use solti_plugin_abi::__private::{
    Export, LibHeader, PluginDecl, RunnerDecl, Runners, header, rendered_len,
};
use solti_plugin_abi::instruments::Counter;
use solti_plugin_abi::prelude::*;
use solti_plugin_abi::solti_model::SubprocessMode;
use solti_plugin_abi::stamp::{Stamp, UNWIND, render};
use solti_plugin_abi::v1::module::PluginModule;
use solti_plugin_abi::{Building, CallError, CallFuture};

struct BothSides;

impl Export for BothSides {
    const DECL: PluginDecl = PluginDecl {
        name: "both-sides",
        version: "1.2.3",
        panic: UNWIND,
        workers: Some(1),
        config: None,
        runners: &[RunnerDecl {
            name: "any",
            kinds: &["subprocess"],
            by_kind: false,
            labels: &[],
        }],
    };

    fn construct(config: &str) -> Runners {
        let config: Map<String, Value> =
            serde_json::from_str(config).map_err(|err| err.to_string())?;
        Ok(vec![Box::new(Any {
            config,
            _live: Live::new(RUNNERS),
        })])
    }
}

static HEADER: LibHeader = header::<BothSides>();

/// The root module, as a loader finds it behind the library's symbol.
pub(super) fn module() -> PluginModule {
    HEADER.init_root_module::<PluginModule>().unwrap()
}

pub(super) fn stamp() -> Stamp {
    const LEN: usize = rendered_len(&BothSides::DECL);
    Stamp::read(&render::<LEN>(&BothSides::DECL)).unwrap()
}

const RUNNERS: usize = 0;
const TASKS: usize = 1;
const ATTEMPTS: usize = 2;

/// How many are alive of what the author's code owns.
static LIVE: [AtomicIsize; 3] = [const { AtomicIsize::new(0) }; 3];

/// Runners, tasks or builds, and attempts that are alive.
pub(super) fn left() -> [isize; 3] {
    [RUNNERS, TASKS, ATTEMPTS].map(|which| LIVE[which].load(Ordering::SeqCst))
}

/// Owned by what is counted.
struct Live(usize);

impl Live {
    fn new(which: usize) -> Self {
        LIVE[which].fetch_add(1, Ordering::SeqCst);
        Self(which)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        LIVE[self.0].fetch_sub(1, Ordering::SeqCst);
    }
}

struct Any {
    config: Map<String, Value>,
    _live: Live,
}

impl Runner for Any {
    fn name(&self) -> &'static str {
        "any"
    }

    fn supports(&self, spec: &TaskSpec) -> bool {
        word(spec) != "unsupported"
    }

    fn build_task(&self, spec: &TaskSpec, ctx: &BuildContext) -> Result<TaskRef, RunnerError> {
        let word = word(spec);
        match word.as_str() {
            "build-error" => return Err(RunnerError::Internal("told to refuse".to_owned())),
            "build-panics" => panic!("told to panic"),
            _ => {}
        }
        let live = Live::new(TASKS);
        let uid = ctx.metadata()["uid"].to_string();
        Ok(attempts(self, spec, ctx, move |attempt| {
            let _ = &live;
            assert!(word != "panics-at-once", "told to panic");
            let (word, uid, live) = (word.clone(), uid.clone(), Live::new(ATTEMPTS));
            async move {
                let _live = live;
                run(attempt, &word, &uid).await
            }
        }))
    }

    fn build_async<'a>(
        &'a self,
        spec: &'a TaskSpec,
        ctx: &'a BuildContext,
    ) -> Option<Building<'a>> {
        let live = Live::new(TASKS);
        match word(spec).as_str() {
            "build-awaits" => Some(Box::pin(async move {
                let _live = live;
                tokio::time::sleep(Duration::from_millis(1)).await;
                self.build_task(spec, ctx)
            })),
            "build-waits" => Some(Box::pin(async move {
                let _live = live;
                std::future::pending().await
            })),
            _ => None,
        }
    }

    fn call<'a>(&'a self, method: &'a str, payload: Bytes) -> CallFuture<'a> {
        match method {
            "echo" => Box::pin(std::future::ready(Ok(payload))),
            "panic" => Box::pin(async { panic!("told to panic") }),
            "slow" => slow(),
            _ => Box::pin(std::future::ready(Err(CallError::unknown(method)))),
        }
    }

    fn describe(&self) -> Map<String, Value> {
        self.config.clone()
    }
}

fn word(spec: &TaskSpec) -> String {
    match spec.kind() {
        TaskKind::Subprocess(subprocess) => match &subprocess.mode {
            SubprocessMode::Command { command, .. } => command.clone(),
            SubprocessMode::Script { .. } => String::new(),
        },
        _ => String::new(),
    }
}

/// An answer that never comes.
fn slow() -> CallFuture<'static> {
    let live = Live::new(ATTEMPTS);
    Box::pin(async move {
        let _live = live;
        std::future::pending().await
    })
}

async fn run(attempt: Attempt, word: &str, uid: &str) -> Result<(), TaskError> {
    match word {
        "lines" => write(&attempt),
        "asks-the-host" => ask(&attempt, uid).await,
        "presses" => press(&attempt).await,
        "fails" => return attempt.end(AttemptOutcome::exited(3)),
        "waits" => {
            attempt.answer_with(|method, payload| match method {
                "echo" => Box::pin(std::future::ready(Ok(payload))),
                _ => slow(),
            });
            attempt.stdout("here");
            attempt.cancellation().cancelled().await;
            attempt.set_outcome(AttemptOutcome::exited(7));
            return Err(TaskError::Canceled);
        }
        "panics-later" => {
            tokio::time::sleep(Duration::from_millis(1)).await;
            panic!("told to panic");
        }
        "panics-when-dropped" => {
            let _bomb = Bomb;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        other => panic!("no behaviour named {other}"),
    }
    Ok(())
}

/// In every way in which output crosses.
fn write(attempt: &Attempt) {
    attempt.stdout("pushed");
    let spans = [[0, 12], [12, 25]];
    let two = b"first of twosecond of two";
    attempt.output().push_lines(StreamKind::Stdout, two, &spans);
    let mut lines = attempt.lines(StreamKind::Stderr);
    lines.write(b"writ");
    lines.write(b"ten\nthe rest");
    lines.finish();
}

async fn ask(attempt: &Attempt, uid: &str) {
    static ASKED: Counter = Counter::new("asked_total");

    ASKED.add(1.0, &[("of", "host")]);
    tracing::info!(target: "plugin", uid, "logged");
    let host = solti_plugin_abi::host().expect("the plugin is connected");
    let uid = uid.trim_matches('"');
    let directory = host.state_dir().expect("it has one").display();
    attempt.stdout(format!(
        "{} in {directory}, of the task {uid}",
        host.instance()
    ));
    let info = host.call("host_info", Bytes::new()).await.unwrap();
    let info: Value = serde_json::from_slice(&info).unwrap();
    assert_eq!(info["version"], host.version());
    attempt.stdout("the host answers with its version");
}

/// Writes until it is told to wait, and waits.
async fn press(attempt: &Attempt) {
    attempt.stdout("here");
    // A reader that has left leaves room for ever.
    for _ in 0..1_000 {
        if attempt.stdout("as long as there is room").is_wait() {
            break;
        }
        tokio::task::yield_now().await;
    }
    attempt.stdout("waits");
    attempt.output().ready().await;
    attempt.stdout("went on");
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("told to panic");
    }
}
