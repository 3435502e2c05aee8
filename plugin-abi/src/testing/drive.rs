//! A case, from its build to its end.

use std::future::pending;
use std::sync::Arc;

use solti_model::StreamKind;
use taskvisor::TaskRef;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::attempt::Attempt;
use super::case::{Cancel, Case};
use super::event::Event;
use super::failure::Failure;
use super::flow::Flow;
use super::heard::Heard;
use super::listen::Ear;
use super::metrics::Backend;
use super::pause;
use super::ran::{AttemptEnd, Ran};
use super::recorder::{Recorder, Registry};
use super::subject::Subject;
use super::work::Work;
use crate::context::BuildContext;
use crate::details::ErrorDetails;
use crate::error::RunnerError;
use crate::output::OutputRegistry;

/// A case that is run.
pub(super) struct Drive<'a, S: ?Sized> {
    subject: &'a S,
    case: Case,
    work: Work,
    heard: Arc<Heard>,
    ear: Ear,
    recorder: Arc<Recorder>,
    /// Cancelled when the task is to end.
    stop: CancellationToken,
    /// Cancelled when its first attempt begins.
    begun: CancellationToken,
}

impl<'a, S: Subject + ?Sized> Drive<'a, S> {
    pub(super) fn new(subject: &'a S, case: Case, heard: Arc<Heard>, ear: Ear) -> Self {
        let stop = CancellationToken::new();
        let cancel_at = match &case.cancel {
            Some(Cancel::Line(part)) => Some((part.clone(), stop.clone())),
            _ => None,
        };
        Self {
            subject,
            work: case.work(),
            recorder: Arc::new(Recorder::new(Flow::new(case.reader.clone()), cancel_at)),
            heard,
            ear,
            stop,
            begun: CancellationToken::new(),
            case,
        }
    }

    /// Runs it to its end.
    pub(super) async fn run(mut self) -> Ran {
        let backend = Arc::new(Backend::default());
        let registry = OutputRegistry::with_backend(Registry(Arc::clone(&self.recorder)));
        let details = ErrorDetails::new();
        let context = BuildContext::new(self.case.host_env.clone(), Arc::clone(&backend) as _)
            .with_output_registry(Arc::new(registry))
            .with_metadata(self.case.metadata.clone())
            .with_error_details(details.clone());
        let stdin = self.case.stdin.take();
        let listening = self.subject.listen(&self.heard);
        let mut attempts = Vec::new();
        let mut id = None;
        let result = {
            let to_the_end = async {
                let task = self.build(&context, &details).await?;
                id = Some(task.name().to_owned());
                self.attempts(task, stdin, &mut attempts).await
            };
            tokio::select! {
                biased;
                result = to_the_end => result,
                never = self.aside() => never,
            }
        };
        // A writer that is left waits for nobody.
        self.recorder.flow.release();
        if let Some(listened) = listening {
            listened();
        }
        let mut metrics = backend.take();
        metrics.instruments = self.heard.take_samples();
        let events = self.recorder.take_events();
        let lines = events.iter().filter_map(|event| match event {
            Event::Line(line) => Some(line.clone()),
            _ => None,
        });
        Ran {
            result,
            attempts,
            lines: lines.collect(),
            metrics,
            logs: self.heard.take_logs(),
            events,
            id,
            waits: self.recorder.flow.waits(),
            stdout: self.recorder.bytes(StreamKind::Stdout),
            stderr: self.recorder.bytes(StreamKind::Stderr),
        }
    }

    /// Has the task built, within the time of an attempt.
    async fn build(
        &self,
        context: &BuildContext,
        details: &ErrorDetails,
    ) -> Result<TaskRef, Failure> {
        let limit = self.work.timeout();
        let building = self.ear.hear(|| self.subject.build(&self.work, context));
        let built = tokio::select! {
            biased;
            built = timeout(limit, self.ear.on(building)) => built,
            () = self.stop.cancelled() => return Err(Failure::Canceled),
        };
        match built {
            Ok(Ok(task)) => {
                self.recorder.note(Event::Built);
                Ok(task)
            }
            Ok(Err(RunnerError::NoRunner(kind))) => Err(Failure::NotTaken { kind }),
            Ok(Err(err)) => Err(Failure::NotBuilt {
                reason: err.to_string(),
                details: details.get(),
            }),
            Err(_) => Err(Failure::TimedOut { after: limit }),
        }
    }

    /// Makes attempts until the spec wants no more, or the case.
    async fn attempts(
        &self,
        task: TaskRef,
        mut stdin: Option<Vec<u8>>,
        attempts: &mut Vec<AttemptEnd>,
    ) -> Result<(), Failure> {
        let mut failures = 0;
        for number in 1.. {
            self.recorder.note(Event::Started { attempt: number });
            self.begun.cancel();
            let attempt = Attempt {
                number,
                limit: self.work.timeout(),
                grace: self.case.grace,
                context: self.case.context.clone(),
                stdin: stdin.take(),
                stop: &self.stop,
                ear: &self.ear,
            };
            let end = attempt.make(&task).await;
            let result = end.result.clone();
            self.recorder.note(Event::Ended {
                attempt: number,
                result: result.clone(),
            });
            attempts.push(end);
            failures = if result.is_ok() { 0 } else { failures + 1 };
            let pause = pause::before_next(&self.work, &result, failures);
            let Some(pause) = pause.filter(|_| number < self.case.most_attempts) else {
                self.ear.hear(|| drop(task));
                return result;
            };
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Err(Failure::Canceled),
                () = sleep(pause) => {}
            }
        }
        unreachable!("the last attempt returns")
    }

    /// What goes on beside the task: its output is read, and it may be cancelled.
    async fn aside(&self) -> Result<(), Failure> {
        let cancel = async {
            match &self.case.cancel {
                Some(Cancel::After(time)) => {
                    self.begun.cancelled().await;
                    sleep(*time).await;
                }
                Some(Cancel::By(token)) => token.cancelled().await,
                Some(Cancel::Line(_)) | None => pending().await,
            }
            self.recorder.note(Event::Cancelled);
            self.stop.cancel();
            pending::<()>().await;
        };
        tokio::join!(cancel, self.recorder.flow.read());
        unreachable!("neither ends")
    }
}
