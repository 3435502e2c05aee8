//! Their side: the published crates, linked in.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use solti_exec::subprocess::register_subprocess_runner;
use solti_model::{OutputEvent, SubprocessMode, TaskId, TaskKind, TaskSpec};
use solti_runner::{BuildContext, OutputRegistry, Runner, RunnerError, RunnerRouter};
use taskvisor::{TaskError, TaskFn, TaskRef};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::side::Side;

/// A host with a runner linked in.
pub struct Theirs {
    /// Its registry.
    pub registry: Arc<OutputRegistry>,
    /// Its router.
    pub router: RunnerRouter,
}

impl Theirs {
    fn empty(capacity: usize) -> Self {
        let registry = Arc::new(OutputRegistry::new(capacity));
        let context = BuildContext::default().with_output_registry(Arc::clone(&registry));
        Self {
            registry,
            router: RunnerRouter::new().with_context(context),
        }
    }

    /// Links in the published subprocess runner.
    ///
    /// # Panics
    ///
    /// Never: an empty router takes every name.
    #[must_use]
    pub fn subprocess(capacity: usize) -> Self {
        let mut host = Self::empty(capacity);
        register_subprocess_runner(&mut host.router, "subprocess")
            .expect("an empty router takes every name");
        host
    }

    /// Links in the runner of the fixture `pusher`.
    #[must_use]
    pub fn pusher(capacity: usize) -> Self {
        let mut host = Self::empty(capacity);
        host.router.register(Arc::new(LinkedPusher));
        host
    }
}

impl Side for Theirs {
    fn build(&self, spec: &TaskSpec) -> TaskRef {
        let task = self.router.build(spec);
        task.unwrap_or_else(|err| panic!("a runner refused its task: {err}"))
    }

    fn subscribe(&self, task: &TaskId) -> broadcast::Receiver<OutputEvent> {
        self.registry.ensure_channel(task.clone());
        let receiver = self.registry.subscribe(task);
        receiver.expect("the channel was made just now")
    }

    fn evict(&self, task: &TaskId) {
        self.registry.evict(task);
    }

    fn active_channels(&self) -> usize {
        self.registry.active_channels()
    }
}

/// What the fixture `pusher` does, against the published contract.
struct LinkedPusher;

impl Runner for LinkedPusher {
    fn name(&self) -> &'static str {
        "pusher"
    }

    fn supports(&self, spec: &TaskSpec) -> bool {
        matches!(spec.kind(), TaskKind::Subprocess(_))
    }

    fn build_task(&self, spec: &TaskSpec, ctx: &BuildContext) -> Result<TaskRef, RunnerError> {
        let TaskKind::Subprocess(subprocess) = spec.kind() else {
            return Err(RunnerError::InvalidSpec("not a command".to_owned()));
        };
        let SubprocessMode::Command { command, args } = &subprocess.mode else {
            return Err(RunnerError::InvalidSpec("not a command".to_owned()));
        };
        let args: Result<Vec<usize>, _> = args.iter().map(|arg| arg.parse()).collect();
        let args = args.map_err(|err| RunnerError::InvalidSpec(format!("not a number: {err}")))?;
        let command = command.clone();
        let name = self.build_run_id(spec.slot().as_str()).into_name();
        let id = TaskId::from(name.as_str());
        let registry = Arc::clone(ctx.output_registry());
        registry.ensure_channel(id.clone());
        let attempts = AtomicU32::new(0);
        Ok(TaskFn::arc(name, move |cancel: CancellationToken| {
            let attempt = attempts.fetch_add(1, Ordering::Relaxed) + 1;
            let sink = registry.sink_for(id.clone(), attempt);
            let (command, args) = (command.clone(), args.clone());
            async move {
                let arg = |at: usize| args.get(at).copied().unwrap_or(1);
                match command.as_str() {
                    "push" => {
                        let line = vec![b'x'; arg(1)];
                        for _ in 0..arg(0) {
                            sink.stdout_line(Bytes::copy_from_slice(&line));
                        }
                    }
                    "sleep" => {
                        let time = Duration::from_millis(arg(0) as u64);
                        tokio::select! {
                            () = tokio::time::sleep(time) => {}
                            () = cancel.cancelled() => return Err(TaskError::Canceled),
                        }
                    }
                    _ => {}
                }
                Ok(())
            }
        }))
    }
}
